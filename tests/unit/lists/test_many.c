/* As many lists as there can be that all have something to say, under conditions, about one name or address: none is passed over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dns/dns.h"
#include "lists/state.h"
#include "unit/lists/fixture.h"

/* Lists of these texts in turn, and whether each of them holds what is asked. */
struct kind {
	const char *text;
	enum list_format format;
	bool holds;
};

static void load(struct fixture *fixture, const struct kind *kinds, size_t count)
{
	fixture_init(fixture);
	for (size_t i = 0; i < LIST_MAX; i++) {
		const struct kind *kind = &kinds[i % count];
		fixture->lists[fixture_add_text(fixture, kind->text)].format = kind->format;
	}
	assert_int_equal(fixture_load(fixture), PF_OK);
}

static void check(const struct fixture *fixture, const struct kind *kinds, size_t count,
                  const struct list_asked *asked, const struct list_answer *answer)
{
	struct list_set by_name, by_answer;
	lists_match(fixture->loaded, NULL, asked, &by_name);
	lists_match_answer(fixture->loaded, NULL, asked, answer, &by_answer);
	for (size_t i = 0; i < LIST_MAX; i++) {
		struct list_found found;
		bool held = list_set_has(&by_name, i) || list_set_has(&by_answer, i);
		if (held != kinds[i % count].holds)
			fail_msg("list %zu: %s", i, kinds[i % count].text);
		assert_int_equal(lists_find(fixture->loaded, NULL, i, asked, answer, &found), held);
	}
}

static void test_names(void **state)
{
	(void)state;
	/* More entries with a condition than a match has room for, and some lists have none but the last of them. */
	static const struct kind kinds[] = {
		{"address=/example/#\naddress=/a.example/#\n", LIST_FORMAT_DNSMASQ, true},
		{"address=/example/#\n", LIST_FORMAT_DNSMASQ, true},
		{"address=/example/#\nserver=/a.example/#\n", LIST_FORMAT_DNSMASQ, false},
		{"server=/example/#\naddress=/a.example/#\n", LIST_FORMAT_DNSMASQ, true},
		{"||a.example^$client=192.0.2.9\n@@||a.example^$client=192.0.2.7\n", LIST_FORMAT_ADBLOCK,
	     true},
		{"||a.example^$client=192.0.2.7\n||example^$dnstype=AAAA\n", LIST_FORMAT_ADBLOCK, false},
		{"||example^\n@@||a.example^$important\n", LIST_FORMAT_ADBLOCK, false},
		{"a.example\n", LIST_FORMAT_PLAIN, true},
	};
	struct fixture fixture;
	struct dns_name name;
	struct addr client;
	assert_int_equal(dns_name_from_text("x.a.example", &name), PF_OK);
	assert_int_equal(addr_parse("192.0.2.9", &client), PF_OK);
	const struct list_asked asked = {.name = &name, .type = DNS_TYPE_A, .client = &client};
	const struct list_answer answer = {0};
	load(&fixture, kinds, PF_COUNT(kinds));
	struct list_match match;
	list_index_match(fixture.loaded->tables.index, &name, &match);
	assert_true(match.hits_cut);
	check(&fixture, kinds, PF_COUNT(kinds), &asked, &answer);
	fixture_deinit(&fixture);
}

static void test_addresses(void **state)
{
	(void)state;
	static const struct kind kinds[] = {
		{"24.0.2.0.192.rpz-ip CNAME .\n16.0.0.0.192.rpz-ip CNAME .\n", LIST_FORMAT_RPZ, true},
		{"24.0.2.0.192.rpz-ip CNAME rpz-passthru.\n16.0.0.0.192.rpz-ip CNAME .\n", LIST_FORMAT_RPZ,
	     false},
		{"24.0.2.0.192.rpz-ip CNAME .\n16.0.0.0.192.rpz-ip CNAME rpz-passthru.\n", LIST_FORMAT_RPZ,
	     true},
		{"16.0.0.0.192.rpz-ip CNAME .\n", LIST_FORMAT_RPZ, true},
		{"24.0.2.0.192.rpz-ip CNAME .\nb CNAME .\n", LIST_FORMAT_RPZ, true},
		{"24.0.3.0.192.rpz-ip CNAME .\n32.9.2.0.192.rpz-nsip CNAME .\n", LIST_FORMAT_RPZ, false},
		{"192.0.2.0/24\n", LIST_FORMAT_CIDR, true},
	};
	struct fixture fixture;
	struct dns_name name;
	struct addr address;
	assert_int_equal(dns_name_from_text("x.a.example", &name), PF_OK);
	assert_int_equal(addr_parse("192.0.2.8", &address), PF_OK);
	const struct list_asked asked = {.name = &name, .type = DNS_TYPE_A};
	const struct list_answer answer = {.addresses = &address, .address_count = 1};
	load(&fixture, kinds, PF_COUNT(kinds));
	check(&fixture, kinds, PF_COUNT(kinds), &asked, &answer);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
