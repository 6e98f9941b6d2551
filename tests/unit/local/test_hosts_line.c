/* Lines of hosts(5), as they are found in the wild. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "local/hosts.h"

struct line_case {
	const char *text;
	enum hosts_parse result;
	const char *words; /* address and names, divided by blanks */
};

static const struct line_case cases[] = {
	{"127.0.0.1 localhost", HOSTS_LINE, "127.0.0.1 localhost"},
	{"  192.168.1.5\tNAS.lan nas # the big one", HOSTS_LINE, "192.168.1.5 nas.lan nas"},
	{"::1 localhost ip6-localhost ip6-loopback", HOSTS_LINE,
     "::1 localhost ip6-localhost ip6-loopback"},
	{"::ffff:192.0.2.1 mapped", HOSTS_LINE, "192.0.2.1 mapped"},
	{"192.0.2.1 a.example.\r", HOSTS_LINE, "192.0.2.1 a.example"},
	{"192.0.2.1 _x._tcp.example", HOSTS_LINE, "192.0.2.1 _x._tcp.example"},
	{"", HOSTS_EMPTY, NULL},
	{" \t\r", HOSTS_EMPTY, NULL},
	{"# 192.0.2.1 a", HOSTS_EMPTY, NULL},
	{"fe80::1%lo0 localhost", HOSTS_ZONED, NULL},
	{"nas 192.168.1.5", HOSTS_BAD_ADDR, NULL},
	{"192.168.1.0/24 net", HOSTS_BAD_ADDR, NULL},
	{"192.168.1.5", HOSTS_BAD_NAME, NULL},
	{"192.168.1.5 # nas", HOSTS_BAD_NAME, NULL},
	{"192.168.1.5 nas good..bad", HOSTS_BAD_NAME, NULL},
	{"192.168.1.5 .", HOSTS_BAD_NAME, NULL},
};

static void lines_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		static struct hosts_line line;
		char text[512], name[NAME_TEXT_MAX];
		if (hosts_parse_line(cases[i].text, strlen(cases[i].text), &line) != cases[i].result)
			fail_msg("\"%s\"", cases[i].text);
		if (!cases[i].words)
			continue;
		addr_format(&line.addr, text);
		for (size_t n = 0; n < line.name_count; n++) {
			dns_name_to_text(&line.names[n], name);
			strcat(strcat(text, " "), name);
		}
		assert_string_equal(text, cases[i].words);
	}
}

static void lines_are_bounded(void **state)
{
	(void)state;
	static struct hosts_line line;
	static char text[100000];
	size_t length = (size_t)sprintf(text, "192.0.2.1");
	for (unsigned i = 0; i < 1000; i++)
		length += (size_t)sprintf(text + length, " n%u", i);
	assert_int_equal(hosts_parse_line(text, length, &line), HOSTS_LINE);
	assert_int_equal(line.name_count, PF_COUNT(line.names));
	memset(text + 10, 'a', sizeof text - 10);
	assert_int_equal(hosts_parse_line(text, sizeof text, &line), HOSTS_BAD_NAME);
	memset(text, '1', sizeof text);
	assert_int_equal(hosts_parse_line(text, sizeof text, &line), HOSTS_BAD_ADDR);
	assert_int_equal(hosts_parse_line("192.0.2.1 a\0b", 13, &line), HOSTS_BAD_NAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read),
		cmocka_unit_test(lines_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
