/* The lists of the shared data (PF_SHARED, or ../shared beside the source tree), as people publish them:
 * every list loads, its counts add up, and independent counts of its lines agree. Skipped where absent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/lists/fixture.h"

static const char *shared_path(const char *file, char path[512])
{
	const char *shared = getenv("PF_SHARED");
	int length =
		snprintf(path, 512, "%s/data/lists/%s", shared ? shared : TESTS_DIR "/../../shared", file);
	assert_true(length < 512);
	return path;
}

static void need_shared(void)
{
	char path[512];
	if (access(shared_path("perflyst/SmartTV.txt", path), R_OK)) {
		print_message("skipped: %s is not here; set PF_SHARED\n", path);
		skip();
	}
}

static void check_sum(const struct list_info *info)
{
	size_t skipped = 0;
	for (size_t i = 0; i < SKIP_COUNT; i++)
		skipped += info->skipped[i].count;
	assert_int_equal(info->lines + info->extra_names, info->comments + info->joined + info->names +
	                                                      info->patterns + info->networks +
	                                                      info->exceptions + skipped);
}

/* What is to be expected was counted with grep, sort and uniq. */
static const struct expected {
	const char *file;
	enum list_format format;
	size_t lines, comments, names, patterns, networks, exceptions, duplicates;
} expected[] = {
	{"nextdns/alexa", LIST_FORMAT_PLAIN, 4, 1, 3, 0, 0, 0, 0},
	{"nextdns/apple", LIST_FORMAT_PLAIN, 19, 0, 19, 0, 0, 0, 0},
	{"nextdns/huawei", LIST_FORMAT_PLAIN, 40, 3, 37, 0, 0, 0, 0},
	{"nextdns/roku", LIST_FORMAT_PLAIN, 1, 0, 1, 0, 0, 0, 0},
	{"nextdns/samsung", LIST_FORMAT_PLAIN, 4, 0, 4, 0, 0, 0, 0},
	{"nextdns/sonos", LIST_FORMAT_PLAIN, 2, 0, 2, 0, 0, 0, 0},
	{"nextdns/windows", LIST_FORMAT_PLAIN, 29, 5, 23, 0, 0, 0, 1},
	{"nextdns/xiaomi", LIST_FORMAT_PLAIN, 11, 2, 9, 0, 0, 0, 0},
	{"perflyst/AmazonFireTV.txt", LIST_FORMAT_PLAIN, 70, 54, 16, 0, 0, 0, 0},
	{"perflyst/SessionReplay.txt", LIST_FORMAT_PLAIN, 24, 0, 24, 0, 0, 0, 0},
	{"perflyst/SmartTV-AGH.txt", LIST_FORMAT_ADBLOCK, 290, 128, 148, 5, 0, 9, 0},
	{"perflyst/SmartTV.txt", LIST_FORMAT_PLAIN, 374, 129, 245, 0, 0, 0, 0},
	{"perflyst/android-tracking.txt", LIST_FORMAT_PLAIN, 112, 32, 80, 0, 0, 0, 0},
	{"perflyst/regex.list", LIST_FORMAT_REGEX, 28, 14, 0, 14, 0, 0, 0},
	{"windowsspyblocker/dnscrypt-spy.txt", LIST_FORMAT_PLAIN, 318, 0, 315, 3, 0, 0, 0},
	{"windowsspyblocker/dnsmasq-spy.conf", LIST_FORMAT_DNSMASQ, 351, 4, 347, 0, 0, 0, 0},
	{"windowsspyblocker/firewall-ip-spy.txt", LIST_FORMAT_CIDR, 173, 6, 0, 0, 167, 0, 0},
	{"windowsspyblocker/hosts-spy-v6.txt", LIST_FORMAT_HOSTS, 353, 6, 347, 0, 0, 0, 0},
	{"windowsspyblocker/hosts-spy.txt", LIST_FORMAT_HOSTS, 353, 6, 347, 0, 0, 0, 0},
};

static void test_every_list(void **state)
{
	(void)state;
	need_shared();
	for (size_t i = 0; i < PF_COUNT(expected); i++) {
		const struct expected *row = &expected[i];
		struct fixture fixture;
		char path[512];
		fixture_init(&fixture);
		fixture_add_file(&fixture, shared_path(row->file, path));
		assert_int_equal(fixture_load(&fixture), PF_OK);
		const struct list_info *info = lists_info(fixture.loaded, 0);
		check_sum(info);
		print_message("%s\n", row->file);
		assert_int_equal(info->format, row->format);
		assert_int_equal(info->lines, row->lines);
		assert_int_equal(info->comments, row->comments);
		assert_int_equal(info->names, row->names);
		assert_int_equal(info->patterns, row->patterns);
		assert_int_equal(info->networks, row->networks);
		assert_int_equal(info->exceptions, row->exceptions);
		assert_int_equal(info->skipped[SKIP_DUPLICATE].count, row->duplicates);
		fixture_deinit(&fixture);
	}
}

/* One publisher's list in two formats names the same hosts. */
static void test_same_list_twice(void **state)
{
	(void)state;
	need_shared();
	struct fixture fixture;
	char path[512], line[512];
	size_t names = 0;
	fixture_init(&fixture);
	fixture_add_file(&fixture, shared_path("windowsspyblocker/hosts-spy.txt", path));
	fixture_add_file(&fixture, shared_path("windowsspyblocker/hosts-spy-v6.txt", path));
	assert_int_equal(fixture_load(&fixture), PF_OK);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		char name[256];
		if (sscanf(line, ":: %255s", name) != 1)
			continue;
		names++;
		assert_true(fixture_has(&fixture, 0, name));
		assert_true(fixture_has(&fixture, 1, name));
		snprintf(line, sizeof line, "x.%s", name); /* hosts files do not cover what is below */
		assert_false(fixture_has(&fixture, 1, line));
	}
	fclose(file);
	assert_int_equal(names, lists_info(fixture.loaded, 1)->names);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_list),
		cmocka_unit_test(test_same_list_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
