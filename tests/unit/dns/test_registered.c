/* Who registered a name: the Public Suffix List's own examples, and names that no registry sells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/registered.h"

static void check(const char *text, const char *expected)
{
	struct dns_name name, domain;
	char shown[NAME_TEXT_MAX];
	assert_int_equal(dns_name_from_text(text, &name), PF_OK);
	int found = dns_registered_domain(&name, &domain);
	if (!expected) {
		assert_int_equal(found, PF_ENOENT);
		return;
	}
	assert_int_equal(found, PF_OK);
	dns_name_to_text(&domain, shown);
	assert_string_equal(shown, expected);
	struct dns_name again;
	assert_int_equal(dns_name_from_text(expected, &again), PF_OK);
	assert_true(dns_name_equal(&domain, &again));
	assert_true(dns_name_is_under(&name, &domain));
}

static void test_owners(void **state)
{
	(void)state;
	check("a.vendor.com", "vendor.com");
	check("vendor.com", "vendor.com");
	check("e7.b.akamaiedge.net", "akamaiedge.net");
	check("www.example.co.uk", "example.co.uk");
	check("a.b.example.com.cn", "example.com.cn");
	check("x.example.xn--fiqs8s", "example.xn--fiqs8s");
	check("city.kawasaki.jp", "city.kawasaki.jp");
	check("a.b.ide.kyoto.jp", "b.ide.kyoto.jp");
}

static void test_no_owner(void **state)
{
	(void)state;
	check(".", NULL);
	check("com", NULL);
	check("co.uk", NULL);
	check("printer", NULL);
}

static void test_strange_labels(void **state)
{
	(void)state;
	check("a\\.b.vendor.com", "vendor.com");
	check("\\000\\255.com", "\\000\\255.com");
	check("x.a\\.com.com", "a\\.com.com");
	check("_tcp.vendor.example", "vendor.example");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_no_owner),
		cmocka_unit_test(test_strange_labels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
