/* Recognition by names: tables that are right and wrong, and what is proposed from which names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "recognise/recognise.h"

static const char rows[] = "# a comment\n"
						   "\n"
						   "tuya.test-a.com\tTuya\tplug\t4.10\tlab\n"
						   "samsung.com\tSamsung\ttv\t4.10\tlab,list\n"
						   "samsungtv.com\tSamsung\ttv\t4.80\tlab\n"
						   "galaxy.com\tSamsung\tphone\t4.80\tlab\n"
						   "both.com\tSamsung\ttv\t3.40\tlab\n"
						   "both.com\tTuya\tplug\t3.40\tlab\n"
						   "cloud.com\t-\t-\t0.00\tcloud\n"
						   "things.cloud.com\tTuya\t-\t4.10\tlab\n"
						   "weak.com\tTuya\tplug\t3.50\tlab\n";

struct fixture {
	struct recognise *table;
	struct recognise_case *c;
	char path[64], error[500];
};

static int load(struct fixture *fixture, const char *text, size_t length)
{
	snprintf(fixture->path, sizeof fixture->path, "/tmp/test_recognise.XXXXXX");
	int fd = mkstemp(fixture->path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), (ssize_t)length);
	close(fd);
	int result = recognise_load(fixture->path, &fixture->table, fixture->error);
	unlink(fixture->path);
	return result;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	assert_int_equal(load(fixture, rows, sizeof rows - 1), PF_OK);
	fixture->c = recognise_case_new(fixture->table);
	assert_non_null(fixture->c);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	recognise_case_free(&fixture->c);
	recognise_free(&fixture->table);
	free(fixture);
	return 0;
}

/* The names, separated by blanks. */
static void ask(struct fixture *fixture, const char *names, struct recognise_proposal *proposal)
{
	char text[4096];
	snprintf(text, sizeof text, "%s", names);
	recognise_case_clear(fixture->c);
	for (char *name = strtok(text, " "); name; name = strtok(NULL, " "))
		assert_int_equal(recognise_case_add(fixture->c, name), PF_OK);
	recognise_case_decide(fixture->c, proposal);
}

static void counts(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(recognise_suffix_count(fixture->table), 8);
	assert_int_equal(recognise_vendor_count(fixture->table), 2);
}

static void one_plain_word_is_enough(void **state)
{
	struct recognise_proposal p;
	ask(*state, "a1.tuya.test-a.com m2.tuya.test-a.com", &p);
	assert_string_equal(p.vendor, "Tuya");
	assert_string_equal(p.kind, "plug");
	assert_true(p.score > 0.92 && p.score < 0.94);
	assert_int_equal(p.for_count, 1);
	assert_string_equal(p.speaks_for[0].suffix, "tuya.test-a.com");
	assert_string_equal(p.speaks_for[0].name, "a1.tuya.test-a.com");
	assert_int_equal(p.speaks_for[0].names_count, 2);
	assert_string_equal(
		p.reason, "1 domain speaks for Tuya (4.1); next comes nobody whom the table knows (1.5).");
}

static void half_a_word_is_not(void **state)
{
	struct recognise_proposal p;
	ask(*state, "x.weak.com", &p);
	assert_null(p.vendor);
	assert_string_equal(p.best, "Tuya");
	assert_true(p.score > 0.85 && p.score < 0.9);
	ask(*state, "x.weak.com tuya.test-a.com", &p);
	assert_string_equal(p.vendor, "Tuya");
}

static void a_suffix_counts_once_and_ends_at_a_dot(void **state)
{
	struct recognise_proposal p;
	ask(*state, "a.samsung.com b.samsung.com samsung.com", &p);
	assert_true(p.best_sum > 4.09 && p.best_sum < 4.11);
	assert_int_equal(p.speaks_for[0].names_count, 3);
	ask(*state, "notsamsung.com", &p);
	assert_null(p.best);
	assert_int_equal(p.unknown_count, 1);
}

static void rivals_make_it_abstain(void **state)
{
	struct recognise_proposal p;
	ask(*state, "samsung.com tuya.test-a.com", &p);
	assert_null(p.vendor);
	assert_int_equal(p.for_count + p.against_count, 2);
	assert_string_equal(p.reason, "It may be Tuya (4.1) or Samsung (4.1).");
	ask(*state, "both.com", &p);
	assert_null(p.vendor);
	ask(*state, "samsung.com samsungtv.com tuya.test-a.com", &p);
	assert_string_equal(p.vendor, "Samsung");
	assert_int_equal(p.against_count, 1);
	assert_string_equal(p.against[0].vendor, "Tuya");
}

static void kinds_that_contradict_are_left_open(void **state)
{
	struct recognise_proposal p;
	ask(*state, "samsungtv.com galaxy.com", &p);
	assert_string_equal(p.vendor, "Samsung");
	assert_null(p.kind);
	ask(*state, "samsungtv.com samsung.com galaxy.com", &p);
	assert_string_equal(p.kind, "tv");
	ask(*state, "x.things.cloud.com", &p);
	assert_string_equal(p.vendor, "Tuya");
	assert_null(p.kind);
}

static void many_unknown_domains_speak_against_all(void **state)
{
	struct fixture *fixture = *state;
	struct recognise_proposal p;
	char name[64];
	ask(fixture, "samsung.com samsungtv.com", &p);
	assert_string_equal(p.vendor, "Samsung");
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof name, "www.site%d.com", i / 2);
		assert_int_equal(recognise_case_add(fixture->c, name), PF_OK);
	}
	recognise_case_decide(fixture->c, &p);
	assert_null(p.vendor);
	assert_int_equal(p.unknown_count, 1000);
	assert_non_null(strstr(p.reason, "1000 domains that the table does not know"));
}

static void shared_and_local_names_say_nothing(void **state)
{
	struct recognise_proposal p;
	ask(*state, "a.cloud.com printer.local nas 1.0.168.192.in-addr.arpa host.lan com co.uk", &p);
	assert_null(p.best);
	assert_int_equal(p.unknown_count, 0);
	assert_int_equal(p.names_count, 7);
	assert_string_equal(p.reason, "The table knows nobody to whom one of its names (7) points.");
}

static void odd_names_do_no_harm(void **state)
{
	struct recognise_proposal p;
	ask(*state, ". .. a. .samsung.com \\000.samsungtv.com \\", &p);
	assert_int_equal(p.for_count, 2);
}

static void evidence_is_bounded(void **state)
{
	(void)state;
	struct fixture fixture = {0};
	struct recognise_proposal p;
	char *text = calloc(1, 100000), name[32];
	size_t used = 0;
	for (int i = 0; i < 600; i++)
		used += (size_t)snprintf(text + used, 100000 - used, "s%d.com\tOne\tlight\t%d.00\tx\n", i,
		                         i % 15);
	assert_int_equal(load(&fixture, text, used), PF_OK);
	fixture.c = recognise_case_new(fixture.table);
	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof name, "s%d.com", i);
		assert_int_equal(recognise_case_add(fixture.c, name), PF_OK);
	}
	recognise_case_decide(fixture.c, &p);
	assert_string_equal(p.vendor, "One");
	assert_int_equal(p.for_count, RECOGNISE_EVIDENCE_MAX);
	for (size_t i = 0; i < p.for_count; i++)
		assert_true(p.speaks_for[i].weight > 13.9);
	recognise_case_free(&fixture.c);
	recognise_free(&fixture.table);
	free(text);
}

static void wrong_tables_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t length;
		int result;
	} wrong[] = {
		{"a.com\tX\ttv\t1.0\n", 0, PF_EINVAL},
		{"a.com\tX\ttv\t1.0\ts\tmore\n", 0, PF_EINVAL},
		{"a.com\tX\ttv\tmuch\ts\n", 0, PF_EINVAL},
		{"a.com\tX\ttv\t-1\ts\n", 0, PF_EINVAL},
		{"a.com\tX\ttv\t1e9\ts\n", 0, PF_EINVAL},
		{"a.com\tX\ttv\tnan\ts\n", 0, PF_EINVAL},
		{"\tX\ttv\t1.0\ts\n", 0, PF_EINVAL},
		{"a.com\tX\ttv\t1.0\ts\0x\n", 19, PF_EINVAL},
		{"<!DOCTYPE html>\n<html></html>\n", 0, PF_EINVAL},
	};
	for (size_t i = 0; i < PF_COUNT(wrong); i++) {
		struct fixture fixture = {0};
		size_t length = wrong[i].length ? wrong[i].length : strlen(wrong[i].text);
		assert_int_equal(load(&fixture, wrong[i].text, length), wrong[i].result);
		assert_null(fixture.table);
		assert_non_null(strstr(fixture.error, fixture.path));
	}
	struct recognise *table;
	char error[500];
	assert_int_equal(recognise_load("/nowhere/evidence.tsv", &table, error), PF_EIO);
	assert_non_null(strstr(error, "/nowhere/evidence.tsv"));
}

static void our_own_table_is_taken(void **state)
{
	(void)state;
	struct recognise *table;
	char error[500];
	assert_int_equal(recognise_load(TESTS_DIR "/../src/recognise/evidence.tsv", &table, error),
	                 PF_OK);
	assert_true(recognise_vendor_count(table) > 50 && recognise_suffix_count(table) > 300);
	recognise_free(&table);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counts),
		TEST(one_plain_word_is_enough),
		TEST(half_a_word_is_not),
		TEST(a_suffix_counts_once_and_ends_at_a_dot),
		TEST(rivals_make_it_abstain),
		TEST(kinds_that_contradict_are_left_open),
		TEST(many_unknown_domains_speak_against_all),
		TEST(shared_and_local_names_say_nothing),
		TEST(odd_names_do_no_harm),
		cmocka_unit_test(evidence_is_bounded),
		cmocka_unit_test(wrong_tables_are_refused),
		cmocka_unit_test(our_own_table_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
