/* Lines that say what kind of entry they hold, and how good the evidence is: taken when they are what is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lists/marks.h"
#include "unit/lists/fixture.h"

static void lines_are_held_against_what_is_asked_for(void **state)
{
	(void)state;
	const unsigned telemetry = 1u << MARK_TELEMETRY, update = 1u << MARK_UPDATE;
	const struct {
		const char *line;
		struct marks_wanted wanted;
		bool fits;
	} rows[] = {
		{"a.example", {0, 0}, true},
		{"a.example", {telemetry, 0}, false},
		{"a.example", {0, 'C'}, false},
		{"a.example  # kind=telemetry evidence=B", {0, 0}, true},
		{"a.example  # kind=telemetry evidence=B", {telemetry, 0}, true},
		{"a.example  # kind=telemetry evidence=B", {update, 0}, false},
		{"a.example  # kind=telemetry evidence=B", {telemetry | update, 'B'}, true},
		{"a.example  # kind=telemetry evidence=B", {telemetry, 'A'}, false},
		{"a.example  # kind=telemetry evidence=B", {telemetry, 'C'}, true},
		{"a.example #kind=update evidence=A\r", {update, 'A'}, true},
		{"a.example # evidence=A kind=update", {update, 'B'}, true},
		/* A mark begins after a blank and ends with one. */
		{"a.example # mankind=update", {update, 0}, false},
		{"a.example # kind=updates", {update, 0}, false},
		{"a.example # kind=", {update, 0}, false},
		{"a.example # evidence=AA", {0, 'C'}, false},
		{"a.example # evidence=@", {0, 'C'}, false},
		{"a.example # evidence=D", {0, 'C'}, false},
		{"kind=update.example", {update, 0}, false},
		{"#", {update, 0}, false},
		{"", {update, 0}, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		/* exact, so that a sanitizer sees a byte too many */
		size_t length = strlen(rows[i].line);
		char *line = malloc(length ? length : 1);
		memcpy(line, rows[i].line, length);
		if (marks_fit(&rows[i].wanted, line, length) != rows[i].fits)
			fail_msg("row %zu: %s", i, rows[i].line);
		free(line);
	}
}

static void only_what_is_asked_for_is_taken(void **state)
{
	(void)state;
	static const char text[] = "# a list\n"
							   "good.example  # kind=telemetry evidence=A\n"
							   "fair.example  # kind=telemetry evidence=B\n"
							   "needed.example  # kind=required evidence=A\n"
							   "0.0.0.0 bare.example other.example\n"
							   "\n";
	struct fixture fixture;
	fixture_init(&fixture);
	size_t all = fixture_add_text(&fixture, text), some = fixture_add_text(&fixture, text),
		   none = fixture_add_text(&fixture, text);
	fixture.config.lists[some].marks = (struct marks_wanted){1u << MARK_TELEMETRY, 'A'};
	fixture.config.lists[none].marks = (struct marks_wanted){1u << MARK_RESOLVER, 0};
	assert_int_equal(fixture_load(&fixture), PF_OK);
	assert_true(fixture_has(&fixture, all, "needed.example"));
	assert_true(fixture_has(&fixture, some, "good.example"));
	assert_false(fixture_has(&fixture, some, "fair.example"));
	assert_false(fixture_has(&fixture, some, "needed.example"));
	assert_false(fixture_has(&fixture, some, "bare.example"));
	const struct list_info *info = lists_info(fixture.loaded, some);
	assert_int_equal(info->names, 1);
	assert_int_equal(info->comments, 2);
	assert_int_equal(info->skipped[SKIP_UNWANTED].count, 3);
	assert_int_equal(info->skipped[SKIP_UNWANTED].example_lines[0], 3);
	assert_int_equal(lists_info(fixture.loaded, none)->names, 0);
	/* What was left out on purpose is worth a word only when nothing is left. */
	assert_int_equal(fixture.diag.count, 1);
	assert_non_null(strstr(fixture_finding(&fixture, 0), "no line of the kinds and the evidence"));
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_held_against_what_is_asked_for),
		cmocka_unit_test(only_what_is_asked_for_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
