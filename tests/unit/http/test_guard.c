/* Where a list may be fetched from: addresses in every dress, and URLs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "http/guard.h"

static void addresses(void **state)
{
	(void)state;
	static const char *const inside[] = {
		"127.0.0.1",
		"127.1.2.3",
		"10.0.0.1",
		"172.16.0.1",
		"172.31.255.255",
		"192.168.1.1",
		"169.254.169.254",
		"100.64.0.1",
		"0.0.0.0",
		"255.255.255.255",
		"224.0.0.1",
		"192.0.2.1",
		"::1",
		"::",
		"fe80::1",
		"fc00::1",
		"fdff::1",
		"fec0::1",
		"ff02::1",
		"::ffff:127.0.0.1",
		"::ffff:10.0.0.1",
		"::127.0.0.1",
		"64:ff9b::7f00:1",
		"64:ff9b::a9fe:a9fe",
		"64:ff9b:1::7f00:1",
		"2002:7f00:1::",
		"2002:a00:1::1",
		"2001:db8::1",
	};
	static const char *const outside[] = {"9.9.9.9",          "172.32.0.1",     "2620:fe::fe",
	                                      "64:ff9b::909:909", "::ffff:9.9.9.9", "2002:909:909::"};
	struct addr addr;
	for (size_t i = 0; i < PF_COUNT(inside); i++) {
		assert_int_equal(addr_parse(inside[i], &addr), PF_OK);
		if (guard_address(&addr, false) || !guard_address(&addr, true))
			fail_msg("%s", inside[i]);
	}
	for (size_t i = 0; i < PF_COUNT(outside); i++) {
		assert_int_equal(addr_parse(outside[i], &addr), PF_OK);
		if (!guard_address(&addr, false))
			fail_msg("%s", outside[i]);
	}
}

static void urls(void **state)
{
	(void)state;
	static const struct {
		const char *text, *host;
		unsigned port;
		bool tls;
	} good[] = {
		{"https://l.example/a?b#c", "l.example", 443, true},
		{"http://l.example:8080", "l.example", 8080, false},
		{"HTTPS://L.Example/", "L.Example", 443, true},
		{"http://2130706433/", "127.0.0.1", 80, false}, /* so that it is judged as what it is */
		{"http://0x7f.1/", "127.0.0.1", 80, false},
		{"http://[::1]:81/", "::1", 81, false},
	};
	static const char *const bad[] = {
		"file:///etc/passwd",
		"ftp://l.example/",
		"gopher://127.0.0.1/",
		"l.example",
		"//l.example/",
		"",
		"http://",
		"http://me@l.example/",
		"http://me:secret@l.example/",
		"http://[fe80::1%25eth0]/",
		"http://a b/",
		"http://l.example:99999/",
		"data:text/plain,x",

	};
	struct guard_url url;
	for (size_t i = 0; i < PF_COUNT(good); i++) {
		if (guard_parse(good[i].text, &url) != PF_OK)
			fail_msg("%s", good[i].text);
		assert_string_equal(url.host, good[i].host);
		assert_int_equal(url.port, good[i].port);
		assert_int_equal(url.tls, good[i].tls);
		assert_null(strchr(url.text, '#'));
	}
	for (size_t i = 0; i < PF_COUNT(bad); i++)
		if (guard_parse(bad[i], &url) == PF_OK)
			fail_msg("%s is taken, host %s", bad[i], url.host);
}

static void redirects(void **state)
{
	(void)state;
	struct guard_url http, https;
	const char *why;
	assert_int_equal(guard_parse("http://l.example/", &http), PF_OK);
	assert_int_equal(guard_parse("https://l.example/", &https), PF_OK);
	assert_int_equal(guard_redirect(&http, &https, &why), PF_OK);
	assert_int_equal(guard_redirect(&http, &http, &why), PF_OK);
	assert_int_equal(guard_redirect(&https, &https, &why), PF_OK);
	assert_int_equal(guard_redirect(&https, &http, &why), PF_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(urls),
		cmocka_unit_test(redirects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
