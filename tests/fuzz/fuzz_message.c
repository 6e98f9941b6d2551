/* A stranger's DNS message: as a client's query and all replies to it, as a name, and as an upstream's
 * answer and the replies made of it. The first byte says which, the second holds switches; what we write
 * must be well-formed, within the client's size, and read back as the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/client.h"
#include "dns/compose.h"
#include "dns/pointer.h"
#include "dns/reply.h"
#include "dns/strip.h"
#include "dns/wire.h"

/* As assert, but not to be compiled out. */
#define MUST(condition)                                                     \
	do {                                                                    \
		if (!(condition)) {                                                 \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                   \
	} while (0)

enum { MODE_QUERY, MODE_NAME, MODE_TEXT, MODE_ANSWER, MODE_COUNT };

#define SWITCH_DO 1
#define SWITCH_UDP 2
#define SWITCH_EDNS 4
#define SWITCH_EDE 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[DNS_MESSAGE_MAX];

static void check_reply(const struct dns_query *query, const struct reply_options *options,
                        size_t length)
{
	MUST(length <= reply_size_max(query, options->udp));
	MUST(length >= DNS_HEADER_BYTES + (size_t)query->question_length);
	MUST(dns_read16(out) == query->id);
	MUST(dns_read16(out + 2) & WIRE_FLAG_QR);
	MUST(!(dns_read16(out + 2) & WIRE_FLAG_AA));
	MUST((out[2] >> 3 & 15) == query->opcode);
	MUST(dns_read16(out + 4) == (query->question_length ? 1 : 0));
	MUST(!memcmp(out + DNS_HEADER_BYTES, query->question, query->question_length));
	unsigned count = dns_read16(out + 6) + dns_read16(out + 8) + dns_read16(out + 10);
	size_t at = DNS_HEADER_BYTES + (size_t)query->question_length;
	bool opt = false;
	for (; count; count--) {
		struct wire_record record;
		struct dns_name owner;
		int end = wire_record_read(out, length, at, &record);
		MUST(end > 0);
		MUST(dns_name_from_wire(out, length, at, true, &owner) > 0);
		opt = record.type == DNS_TYPE_OPT;
		at = (size_t)end;
	}
	MUST(at == length);
	MUST(opt == query->edns.present);
}

static void make_replies(const struct dns_query *query, const struct reply_options *options)
{
	static const unsigned errors[] = {DNS_RCODE_FORMERR, DNS_RCODE_SERVFAIL, DNS_RCODE_NOTIMP,
	                                  DNS_RCODE_REFUSED, DNS_RCODE_BADVERS};
	struct addr addresses[9] = {{.family = 4}, {.family = 6}};
	for (size_t i = 0; i < PF_COUNT(errors); i++)
		check_reply(query, options, reply_error(out, query, errors[i], options));
	for (size_t i = 2; i < PF_COUNT(addresses); i++)
		addresses[i] = (struct addr){.family = i % 2 ? 4 : 6, .bytes = {(uint8_t)i}};
	check_reply(query, options,
	            reply_synthesize(out, query, DNS_RCODE_NOERROR, addresses, PF_COUNT(addresses),
	                             options));
	check_reply(query, options, reply_synthesize(out, query, DNS_RCODE_NOERROR, NULL, 0, options));
	check_reply(query, options, reply_synthesize(out, query, DNS_RCODE_NXDOMAIN, NULL, 0, options));
}

/* And so it must be with a cookie, in any letter case. */
static void check_dressed(const struct dns_query *query)
{
	static const uint8_t cookie[COOKIE_BYTES_MAX] = {1, 2, 3};
	uint8_t asked[QUERY_UPSTREAM_MAX], flips[QUERY_FLIP_BYTES];
	struct dns_query back;
	struct answer_cookie found;
	memset(flips, 0xa5, sizeof flips);
	static const struct prefix subnet = {{6, {0x20, 1, 0xd, 0xb8, 1, 2, 3}}, 56};
	struct dns_client told;
	const struct query_dress dress = {cookie, sizeof cookie, flips, query->name.length & 1,
	                                  &subnet};
	size_t length = dns_query_write(asked, query, 0x4242, &dress);
	MUST(length <= sizeof asked);
	MUST(!dress.padded || length % QUERY_PAD_BYTES == 0);
	MUST(dns_query_parse(asked, length, &back) == QUERY_OK);
	MUST(dns_name_equal(&back.name, &query->name) && back.edns.cookie_length == sizeof cookie);
	dns_client_read(asked, &back.edns, &told);
	MUST(told.has_subnet && !memcmp(&told.subnet, &subnet, sizeof subnet));
	asked[2] |= 0x80;
	MUST(answer_match(asked, length, query, 0x4242) == ANSWER_MATCHES);
	MUST(answer_cookie(asked, length, query, &found) == PF_OK);
	MUST(found.length == sizeof cookie && !memcmp(found.bytes, cookie, sizeof cookie));
	MUST(answer_subnet_fits(asked, length, query, &subnet));
}

/* What we ask upstream must be a query that we would take ourselves. */
static void check_upstream_query(const struct dns_query *query)
{
	uint8_t asked[QUERY_UPSTREAM_MAX];
	struct dns_query back;
	size_t length = dns_query_write(asked, query, 0x4242, NULL);
	MUST(length <= sizeof asked);
	MUST(dns_query_parse(asked, length, &back) == QUERY_OK);
	MUST(back.id == 0x4242 && back.rd);
	MUST(back.type == query->type && back.class == query->class);
	MUST(dns_name_equal(&back.name, &query->name));
	MUST(back.edns.present && back.edns.dnssec_ok == query->edns.dnssec_ok);
	asked[2] |= 0x80;
	MUST(answer_match(asked, length, query, 0x4242) == ANSWER_MATCHES);
	MUST(answer_match(asked, length, query, 0x4243) == ANSWER_WRONG_ID);
	check_dressed(query);
}

/* What a forwarder's options say is of the shapes that its header promises. */
static void check_client(const uint8_t *data, const struct dns_query *query)
{
	struct dns_client client;
	dns_client_read(data, &query->edns, &client);
	MUST(!client.has_mac || !(client.mac.bytes[0] & 1));
	MUST(strspn(client.text,
	            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+/ ") ==
	     strlen(client.text));
	MUST(strlen(client.text) < DNS_CLIENT_TEXT_MAX);
	if (!client.has_subnet)
		return;
	char text[PREFIX_TEXT_MAX];
	struct prefix back;
	prefix_format(&client.subnet, text);
	MUST(client.subnet.length && prefix_parse(text, &back) == PF_OK);
	MUST(!memcmp(&back, &client.subnet, sizeof back));
}

/* Each cookie of a length that one has gets one in return, and is known again. */
static void check_cookie(const uint8_t *data, size_t size, struct dns_query *query)
{
	static const struct cookie_keys keys = {{1}, {2}};
	const struct addr client = {.family = 6, .bytes = {0x20, 1}};
	uint8_t again[COOKIE_BYTES];
	MUST(cookie_has_length(query->edns.cookie_length));
	MUST((size_t)query->edns.cookie_at + query->edns.cookie_length <= size);
	cookie_take(data + query->edns.cookie_at, query->edns.cookie_length, &client, &keys, 77,
	            query->cookie);
	MUST(cookie_take(query->cookie, COOKIE_BYTES, &client, &keys, 77, again));
	MUST(!memcmp(query->cookie, again, COOKIE_BYTES));
	query->edns.cookie_replied = true;
}

static void fuzz_query(const uint8_t *data, size_t size, const struct reply_options *options)
{
	struct dns_query query;
	enum query_parse outcome = dns_query_parse(data, size, &query);
	if (outcome == QUERY_IGNORE)
		return;
	MUST(query.question_length <= QUERY_QUESTION_MAX);
	MUST(query.name.length >= 1 && query.name.labels <= NAME_LABELS_MAX);
	if (outcome == QUERY_OK) {
		MUST(query.question_length == query.name.length + 4);
		MUST(query.opcode == 0 && query.edns.version == 0);
		check_upstream_query(&query);
		check_client(data, &query);
	}
	if (outcome != QUERY_FORMERR && query.edns.cookie_length)
		check_cookie(data, size, &query);
	make_replies(&query, options);
}

static void check_text(const struct dns_name *name)
{
	char text[NAME_TEXT_MAX];
	struct dns_name back;
	size_t length = dns_name_to_text(name, text);
	MUST(length < sizeof text && strlen(text) == length);
	for (size_t i = 0; i < length; i++)
		MUST(text[i] > ' ' && text[i] <= '~');
	MUST(dns_name_from_text(text, &back) == PF_OK);
	MUST(dns_name_equal(name, &back) && name->labels == back.labels);
	MUST(dns_name_is_under(name, &back));
}

static void fuzz_name(const uint8_t *data, size_t size, bool pointers)
{
	struct dns_name name, back;
	size_t offset = size > 0 ? data[0] : 0;
	int taken = dns_name_from_wire(data, size, offset, pointers, &name);
	if (taken < 0)
		return;
	MUST(taken > 0 && offset + (size_t)taken <= size);
	MUST(dns_name_from_wire(name.wire, name.length, 0, false, &back) == name.length);
	MUST(dns_name_equal(&name, &back) && name.labels == back.labels);
	MUST(wire_name_is(data, size, offset, name.wire));
	check_text(&name);
}

static void fuzz_text(const uint8_t *data, size_t size)
{
	struct dns_name name;
	char *text = malloc(size + 1);
	if (!text)
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	if (dns_name_from_text(text, &name) == PF_OK)
		check_text(&name);
	if (dns_type_from_text(text) >= 0)
		MUST(dns_type_from_text(text) <= UINT16_MAX);
	free(text);
}

static void check_answer(const struct answer *answer)
{
	MUST(answer->rcode <= WIRE_RCODE_MASK);
	MUST(answer->length >= DNS_HEADER_BYTES);
	MUST(answer->ttl <= ANSWER_TTL_MAX);
	MUST(answer->ttl_count <= ANSWER_RECORD_MAX);
	MUST(answer->hop_count <= ANSWER_HOP_MAX);
	MUST(answer->address_count <= ANSWER_ADDRESS_MAX);
	for (unsigned i = 0; i < answer->ttl_count; i++) {
		MUST(answer->ttl_offsets[i] + 4u <= answer->length);
		MUST(dns_read32(answer->wire + answer->ttl_offsets[i]) <= ANSWER_TTL_MAX);
	}
	for (unsigned i = 0; i < answer->hop_count; i++)
		check_text(&answer->hops[i]);
	for (unsigned i = 0; i < answer->address_count; i++)
		MUST(answer->addresses[i].family == 4 || answer->addresses[i].family == 6);
}

/* What was kept, read again, is kept again to the last byte. */
static void check_fixed_point(const struct answer *answer, const struct dns_query *query)
{
	struct answer *again;
	MUST(answer_from_wire(answer->wire, answer->length, query, &again) == PF_OK);
	MUST(again->length == answer->length && again->ttl == answer->ttl);
	MUST(!memcmp(again->wire, answer->wire, answer->length));
	MUST(again->address_count == answer->address_count && again->hop_count == answer->hop_count);
	answer_free(&again);
}

/* Some of the addresses are taken out: what is left is a whole answer without them. */
static void check_strip(const struct answer *answer, const struct dns_query *query,
                        const uint8_t *data, size_t size)
{
	static struct stripped stripped;
	struct strip_set gone = {0};
	struct answer *again;
	for (size_t i = 0; i < answer->address_count; i++)
		if (data[(size + i) % size] & 1)
			strip_set_add(&gone, i);
	if (!answer_strip(answer, &gone, &stripped))
		return;
	MUST(answer_from_wire(stripped.wire, stripped.answer.length, query, &again) == PF_OK);
	MUST(again->ttl_count == stripped.answer.ttl_count);
	for (size_t i = 0; i < again->address_count; i++)
		for (size_t j = 0; j < answer->address_count; j++)
			MUST(!strip_set_has(&gone, j) ||
			     !addr_equal(&again->addresses[i], &answer->addresses[j]));
	answer_free(&again);
}

/* What a chain is put together of, with this answer at its end. */
static void check_compose(const struct answer *answer, const struct dns_query *query)
{
	static const uint8_t target[] = "\3end\7invalid";
	struct answer_datum datum = {target, sizeof target};
	struct answer *alias, *whole, *again;
	MUST(answer_make(&query->name, DNS_TYPE_CNAME, 60, &datum, 1, &alias) == PF_OK);
	const struct answer_part parts[] = {{alias, 0}, {answer, 7}};
	if (answer_compose(query, parts, PF_COUNT(parts), false, answer->rcode, &whole) == PF_OK) {
		check_answer(whole);
		MUST(whole->ttl <= 60 && whole->address_count == answer->address_count);
		answer_free(&whole);
	}
	answer_free(&alias);
	for (size_t i = 1; i <= answer->hop_count && query->type != DNS_TYPE_CNAME; i++) {
		if (answer_cut(query, answer, i, &whole) != PF_OK)
			continue;
		check_answer(whole);
		MUST(whole->hop_count <= i && whole->address_count == 0);
		if (answer_from_wire(whole->wire, whole->length, query, &again) == PF_OK)
			answer_free(&again);
		answer_free(&whole);
	}
}

static void fuzz_answer(const uint8_t *data, size_t size, unsigned switches,
                        const struct reply_options *options)
{
	struct dns_query query = {.rd = true};
	struct answer *answer;
	int taken = dns_name_from_wire(data, size, DNS_HEADER_BYTES, false, &query.name);
	if (taken < 0 || size < DNS_HEADER_BYTES + (size_t)taken + 4)
		return;
	const uint8_t *end = data + DNS_HEADER_BYTES + taken;
	query.type = dns_read16(end);
	query.class = dns_read16(end + 2);
	query.question_length = (uint16_t)(taken + 4);
	memcpy(query.question, data + DNS_HEADER_BYTES, query.question_length);
	query.edns.present = switches & (SWITCH_EDNS | SWITCH_DO);
	query.edns.dnssec_ok = switches & SWITCH_DO;
	query.edns.udp_size = 1232;
	if (answer_match(data, size, &query, dns_read16(data)) == ANSWER_MATCHES) {
		struct answer_cookie cookie;
		if (answer_cookie(data, size, &query, &cookie) == PF_OK && cookie.length)
			MUST(cookie.bytes > data && cookie.bytes + cookie.length <= data + size);
	}
	if (answer_from_wire(data, size, &query, &answer) != PF_OK) {
		MUST(!answer);
		return;
	}
	struct dns_name pointed;
	check_answer(answer);
	if (answer_pointer(answer, &pointed) == PF_OK)
		MUST(pointed.length >= 1 && pointed.length <= NAME_WIRE_MAX &&
		     !pointed.wire[pointed.length - 1]);
	check_fixed_point(answer, &query);
	check_strip(answer, &query, data, size);
	check_compose(answer, &query);
	check_reply(&query, options, reply_from_answer(out, &query, answer, 7, options));
	MUST((out[3] & WIRE_RCODE_MASK) == answer->rcode);
	answer_free(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	unsigned mode = data[0] % MODE_COUNT, switches = data[1];
	struct reply_options options = {
		.udp = switches & SWITCH_UDP,
		.ede = switches & SWITCH_EDE ? DNS_EDE_BLOCKED : DNS_EDE_NONE,
		.ede_text = "sinkholed by rule 1 \"coffee stays home\": a.example \xe2\x86\x92 192.0.2.1",
	};
	data += 2;
	size -= 2;
	switch (mode) {
	case MODE_QUERY: fuzz_query(data, size, &options); break;
	case MODE_NAME: fuzz_name(data, size, switches & SWITCH_DO); break;
	case MODE_TEXT: fuzz_text(data, size); break;
	case MODE_ANSWER: fuzz_answer(data, size, switches, &options); break;
	}
	return 0;
}
