/* Names: the limits, pointers that lie, escapes, and text that reads back as what it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dns/dns.h"
#include "dns/name.h"
#include "unit/dns/packet.h"

#define NAME_63 "=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
/* Three labels of 63 and one of 61: 255 bytes with the root. */
#define NAME_255 NAME_63 " " NAME_63 " " NAME_63 " 3d 62*61 00"

struct wire_case {
	const char *what, *packet;
	unsigned offset;
	bool pointers;
	int taken; /* bytes or PF_EINVAL */
	const char *text;
};

static const struct wire_case wire_cases[] = {
	{"the root", "00", 0, false, 1, "."},
	{"two labels", "@www.example", 0, false, 13, "www.example"},
	{"letters are lowered", "@WwW.ExAmPlE", 0, false, 13, "www.example"},
	{"bytes next to letters are not", "05405b607b80 00", 0, false, 7, "\\@\\[\\`\\{\\128"},
	{"bytes behind it are left alone", "=a 00 ffff", 0, false, 3, "a"},
	{"an offset", "ffff @a.b", 2, false, 5, "a.b"},
	{"a label of 63", NAME_63 " 00", 0, false, 65, NULL},
	{"a label of 64", "40 61*64 00", 0, false, PF_EINVAL, NULL},
	{"the reserved bits 10", "80 61*10 00", 0, true, PF_EINVAL, NULL},
	{"255 bytes", NAME_255, 0, false, 255, NULL},
	{"256 bytes", NAME_63 " " NAME_63 " " NAME_63 " 3e 62*62 00", 0, false, PF_EINVAL, NULL},
	{"empty input", "", 0, false, PF_EINVAL, NULL},
	{"an offset at the end", "00", 1, false, PF_EINVAL, NULL},
	{"an offset behind the end", "00", 9, false, PF_EINVAL, NULL},
	{"no root", "=www", 0, false, PF_EINVAL, NULL},
	{"a label that ends behind the packet", "05 616263", 0, false, PF_EINVAL, NULL},
	{"a label that ends with the packet", "03 616263", 0, false, PF_EINVAL, NULL},
	{"a pointer", "@example =www c000", 9, true, 6, "www.example"},
	{"a pointer alone", "@example c000", 9, true, 2, "example"},
	{"a pointer to the middle", "@www.example =a c004", 13, true, 4, "a.example"},
	{"a pointer to a pointer", "@a c000 =b c003", 5, true, 4, "b.a"},
	{"a pointer where none may be", "@example =www c000", 9, false, PF_EINVAL, NULL},
	{"a pointer to itself", "c000", 0, true, PF_EINVAL, NULL},
	{"a pointer to its own label", "=a c000", 0, true, PF_EINVAL, NULL},
	{"a pointer that goes forward", "c002 00", 0, true, PF_EINVAL, NULL},
	{"a pointer behind the packet", "00 ffff", 1, true, PF_EINVAL, NULL},
	{"half a pointer", "00 c0", 1, true, PF_EINVAL, NULL},
	{"two pointers in a circle", "c002 c000", 2, true, PF_EINVAL, NULL},
	{"a circle with labels", "=a c004 =b c000", 4, true, PF_EINVAL, NULL},
	{"pointed together to 256 bytes", NAME_255 " =c c000", 255, true, PF_EINVAL, NULL},
};

static void wire_is_read_within_its_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < PF_COUNT(wire_cases); i++) {
		const struct wire_case *c = &wire_cases[i];
		struct packet packet = {0};
		struct dns_name name;
		char text[NAME_TEXT_MAX];
		packet_add(&packet, c->packet);
		int taken = dns_name_from_wire(packet.bytes, packet.length, c->offset, c->pointers, &name);
		if (taken != c->taken)
			fail_msg("%s: %d bytes, not %d", c->what, taken, c->taken);
		if (!c->text)
			continue;
		assert_int_equal(dns_name_to_text(&name, text), strlen(c->text));
		assert_string_equal(text, c->text);
	}
}

static void a_name_has_at_most_127_labels(void **state)
{
	(void)state;
	uint8_t wire[300];
	struct dns_name name;
	for (size_t i = 0; i < sizeof wire; i += 2)
		wire[i] = 1, wire[i + 1] = 'x';
	wire[254] = 0;
	assert_int_equal(dns_name_from_wire(wire, sizeof wire, 0, false, &name), 255);
	assert_int_equal(name.labels, NAME_LABELS_MAX);
	assert_int_equal(name.length, NAME_WIRE_MAX);
	wire[254] = 1;
	wire[256] = 0;
	assert_int_equal(dns_name_from_wire(wire, sizeof wire, 0, false, &name), PF_EINVAL);
}

static void a_long_chain_of_pointers_is_bounded(void **state)
{
	(void)state;
	uint8_t wire[2 * 200 + 1] = {0}; /* the root, then pointers, each to the one before */
	struct dns_name name;
	for (unsigned i = 0; i < 200; i++)
		dns_write16(wire + 1 + 2 * i, (uint16_t)(0xc000 | (i ? 2 * i - 1 : 0)));
	size_t last_good = 1 + 2 * (NAME_LABELS_MAX - 1);
	assert_int_equal(dns_name_from_wire(wire, sizeof wire, last_good, true, &name), 2);
	assert_int_equal(name.length, 1);
	assert_int_equal(dns_name_from_wire(wire, sizeof wire, last_good + 2, true, &name), PF_EINVAL);
}

struct text_case {
	const char *text;
	const char *back; /* NULL: PF_EINVAL */
};

static const struct text_case text_cases[] = {
	{".", "."},
	{"example", "example"},
	{"www.Example.COM", "www.example.com"},
	{"www.example.com.", "www.example.com"},
	{"_dns.*.a-b/c~d+e", "_dns.*.a-b/c~d+e"},
	{"a\\.b.c", "a\\.b.c"},
	{"\\065\\066", "ab"},
	{"\\000\\032\\255", "\\000\\032\\255"},
	{"a\\\\b", "a\\\\b"},
	{"\\\"", "\\\""},
	{"a@b", "a\\@b"},
	{"a;b", "a\\;b"},
	{"a:b", "a:b"},
	{"\\w\\W", "ww"},
	{"", NULL},
	{"..", NULL},
	{".a", NULL},
	{"a..b", NULL},
	{"a..", NULL},
	{"a b", NULL},
	{"a\tb", NULL},
	{"a\n", NULL},
	{"\x7f", NULL},
	{"b\xc3\xbc"
     "cher",
     NULL},
	{"a\\", NULL},
	{"a\\1", NULL},
	{"a\\12", NULL},
	{"a\\12x", NULL},
	{"a\\256", NULL},
	{"a\\999", NULL},
	{"a\\ b", NULL},
	{"a\\\xff", NULL},
};

static void text_is_read_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < PF_COUNT(text_cases); i++) {
		const struct text_case *c = &text_cases[i];
		struct dns_name name;
		char text[NAME_TEXT_MAX];
		int result = dns_name_from_text(c->text, &name);
		if (result != (c->back ? PF_OK : PF_EINVAL))
			fail_msg("\"%s\": %d", c->text, result);
		if (!c->back)
			continue;
		dns_name_to_text(&name, text);
		assert_string_equal(text, c->back);
	}
}

static void text_has_the_limits_of_the_wire(void **state)
{
	(void)state;
	char text[600];
	struct dns_name name;
	memset(text, 'a', sizeof text);
	text[63] = '\0';
	assert_int_equal(dns_name_from_text(text, &name), PF_OK);
	assert_int_equal(name.length, 65);
	text[63] = 'a', text[64] = '\0';
	assert_int_equal(dns_name_from_text(text, &name), PF_EINVAL);
	text[64] = 'a';
	text[63] = text[127] = text[191] = '.';
	text[253] = '\0'; /* 63 + 63 + 63 + 61: 255 bytes on the wire */
	assert_int_equal(dns_name_from_text(text, &name), PF_OK);
	assert_int_equal(name.length, NAME_WIRE_MAX);
	text[253] = 'a', text[254] = '\0';
	assert_int_equal(dns_name_from_text(text, &name), PF_EINVAL);
}

/* A small generator of its own: the same names on every machine. */
static unsigned next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*seed >> 33);
}

static void random_name(uint64_t *seed, struct dns_name *name)
{
	size_t used = 0, room = next_random(seed) % NAME_WIRE_MAX;
	name->labels = 0;
	for (;;) {
		size_t label = 1 + next_random(seed) % NAME_LABEL_MAX;
		if (used + 1 + label > room)
			break;
		name->wire[used++] = (uint8_t)label;
		for (; label; label--) {
			uint8_t byte = (uint8_t)next_random(seed);
			name->wire[used++] = byte >= 'A' && byte <= 'Z' ? '!' : byte;
		}
		name->labels++;
	}
	name->wire[used] = 0;
	name->length = (uint8_t)(used + 1);
}

static void text_reads_back_as_the_same_name(void **state)
{
	(void)state;
	uint64_t seed = 20260726;
	for (int round = 0; round < 5000; round++) {
		struct dns_name name, back;
		char text[NAME_TEXT_MAX];
		random_name(&seed, &name);
		size_t length = dns_name_to_text(&name, text);
		assert_true(length < NAME_TEXT_MAX);
		assert_int_equal(strlen(text), length);
		for (size_t i = 0; i < length; i++)
			assert_true(text[i] > ' ' && text[i] <= '~');
		if (dns_name_from_text(text, &back) != PF_OK)
			fail_msg("\"%s\" is not read back", text);
		assert_true(dns_name_equal(&name, &back));
		assert_int_equal(name.labels, back.labels);
		int taken = dns_name_from_wire(name.wire, name.length, 0, false, &back);
		assert_int_equal(taken, name.length);
		assert_true(dns_name_equal(&name, &back));
	}
}

/* Plain names become text eight bytes at a time: each byte, in each place of such a word, must be told from a plain one. */
static void each_byte_is_told_in_each_place(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++)
		for (size_t place = 0; place < 16; place++) {
			struct dns_name name = {.length = 19, .labels = 2, .wire = "\010abcdefgh\010-z09-a-9"};
			char text[NAME_TEXT_MAX], wanted[NAME_TEXT_MAX] = "abcdefgh.-z09-a-9",
									  rest[NAME_TEXT_MAX];
			size_t at = place + place / 8; /* in the text */
			name.wire[at + 1] = (uint8_t)byte;
			strcpy(rest, wanted + at + 1);
			bool plain = byte && strchr("abcdefghijklmnopqrstuvwxyz0123456789-_/*~+:", (int)byte);
			bool visible = byte > ' ' && byte <= '~';
			sprintf(wanted + at, plain ? "%c%s" : visible ? "\\%c%s" : "\\%03u%s", byte, rest);
			assert_int_equal(dns_name_to_text(&name, text), strlen(wanted));
			assert_string_equal(text, wanted);
		}
}

static void the_longest_text_fits(void **state)
{
	(void)state;
	struct packet packet = {0};
	struct dns_name name, back;
	char text[NAME_TEXT_MAX];
	packet_add(&packet, "3f 00*63 3f 00*63 3f 00*63 3d 00*61 00");
	assert_int_equal(dns_name_from_wire(packet.bytes, packet.length, 0, false, &name), 255);
	assert_int_equal(dns_name_to_text(&name, text), 250 * 4 + 3);
	assert_int_equal(dns_name_from_text(text, &back), PF_OK);
	assert_true(dns_name_equal(&name, &back));
}

static struct dns_name name_of(const char *text)
{
	struct dns_name name;
	assert_int_equal(dns_name_from_text(text, &name), PF_OK);
	return name;
}

static void under_means_whole_labels(void **state)
{
	(void)state;
	static const struct {
		const char *name, *parent;
		bool under;
	} cases[] = {
		{"example.com", "example.com", true},
		{"www.example.com", "example.com", true},
		{"a.b.c.example.com", "example.com", true},
		{"www.example.com", ".", true},
		{".", ".", true},
		{".", "com", false},
		{"com", "example.com", false},
		{"badexample.com", "example.com", false},
		{"example.com.evil", "example.com", false},
		{"www.example.org", "example.com", false},
		/* The bytes of the parent stand at the end of the name, but inside of a label. */
		{"x\\007example\\003com", "example.com", false},
	};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct dns_name name = name_of(cases[i].name), parent = name_of(cases[i].parent);
		if (dns_name_is_under(&name, &parent) != cases[i].under)
			fail_msg("%s under %s", cases[i].name, cases[i].parent);
	}
}

static void types_have_names_in_both_directions(void **state)
{
	(void)state;
	char text[DNS_TYPE_TEXT_MAX];
	unsigned named = 0;
	for (unsigned type = 0; type <= UINT16_MAX; type++) {
		dns_type_to_text((uint16_t)type, text);
		assert_int_equal(dns_type_from_text(text), type);
		named += !!strncmp(text, "TYPE", 4);
	}
	assert_true(named >= 60);
	dns_type_to_text(DNS_TYPE_HTTPS, text);
	assert_string_equal(text, "HTTPS");
	dns_type_to_text(1234, text);
	assert_string_equal(text, "TYPE1234");
	assert_int_equal(dns_type_from_text("aaaa"), DNS_TYPE_AAAA);
	assert_int_equal(dns_type_from_text("type65535"), 65535);
	static const char *const bad[] = {"",       "TYPE",  "TYPE65536", "TYPE-1",
	                                  "TYPE1x", "AAAAA", " A",        "TYPE99999999999999999999"};
	for (size_t i = 0; i < PF_COUNT(bad); i++)
		assert_int_equal(dns_type_from_text(bad[i]), PF_EINVAL);
}

static void rcodes_have_names(void **state)
{
	(void)state;
	char text[DNS_TYPE_TEXT_MAX];
	dns_rcode_to_text(DNS_RCODE_NXDOMAIN, text);
	assert_string_equal(text, "NXDOMAIN");
	dns_rcode_to_text(DNS_RCODE_BADVERS, text);
	assert_string_equal(text, "BADVERS");
	dns_rcode_to_text(77, text);
	assert_string_equal(text, "RCODE77");
	dns_rcode_to_text(UINT32_MAX, text);
	assert_string_equal(text, "RCODE4294967295");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wire_is_read_within_its_limits),
		cmocka_unit_test(a_name_has_at_most_127_labels),
		cmocka_unit_test(a_long_chain_of_pointers_is_bounded),
		cmocka_unit_test(text_is_read_or_refused),
		cmocka_unit_test(text_has_the_limits_of_the_wire),
		cmocka_unit_test(text_reads_back_as_the_same_name),
		cmocka_unit_test(each_byte_is_told_in_each_place),
		cmocka_unit_test(the_longest_text_fits),
		cmocka_unit_test(under_means_whole_labels),
		cmocka_unit_test(types_have_names_in_both_directions),
		cmocka_unit_test(rcodes_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
