/* The journal as JSON lines: every line can be read back, whatever a device asked for; nothing torn, nothing lost, nothing double
 * when the disk is full or the file is rotated. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "journal/json.h"
#include "journal/jsonl.h"
#include "unit/journal/sample.h"

static char folder[64], path[128], error[256];

static int make_folder(void **state)
{
	(void)state;
	sample_make_folder(folder);
	snprintf(path, sizeof path, "%s/queries.jsonl", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	sample_remove_folder(folder);
	return 0;
}

static struct sink *open_sink(uint64_t bytes_max, unsigned files)
{
	struct sink *sink = jsonl_sink_open(path, bytes_max, files, error, sizeof error);
	assert_non_null(sink);
	return sink;
}

static int write_batch(struct sink *sink, unsigned from, unsigned count)
{
	int result = sink->begin(sink, error, sizeof error);
	for (unsigned i = from; i < from + count && result == PF_OK; i++) {
		struct sample sample;
		sample_fill(&sample, i, false);
		sample.record.took_us = i;
		result = sink->write(sink, &sample.record, error, sizeof error);
	}
	return result == PF_OK ? sink->commit(sink, error, sizeof error) : result;
}

/* Reads a file's lines, which must count on from `expected`; returns the next number. */
static unsigned read_lines(const char *file, unsigned expected)
{
	FILE *stream = fopen(file, "r");
	char line[8192];
	assert_non_null(stream);
	while (fgets(line, sizeof line, stream)) {
		json_t *json = json_loads(line, 0, NULL);
		assert_non_null(json);
		assert_int_equal(line[strlen(line) - 1], '\n');
		assert_int_equal(json_integer_value(json_object_get(json, "took_us")), expected++);
		json_decref(json);
	}
	fclose(stream);
	return expected;
}

static void a_line_says_what_the_record_says(void **state)
{
	(void)state;
	struct sink *sink = open_sink(0, 1);
	struct sample sample;
	char line[8192];
	sample_fill(&sample, 5, false);
	struct record *record = &sample.record;
	record->device_name = "lobby \"coffee\" \\ \x01\x7f größe";
	record->reason = "line\nbreak";
	record->rule_name = "";
	static const uint8_t hostile[] = {6, '"', '\n', '{', '}', 0, '\\', 4, 't', 'e', 's', 't', 0};
	assert_true(dns_name_from_wire(hostile, sizeof hostile, 0, false, &sample.name) > 0);
	assert_int_equal(sink->begin(sink, error, sizeof error), PF_OK);
	assert_int_equal(sink->write(sink, record, error, sizeof error), PF_OK);
	assert_int_equal(sink->commit(sink, error, sizeof error), PF_OK);
	sink->close(&sink);
	FILE *stream = fopen(path, "r");
	assert_non_null(fgets(line, sizeof line, stream));
	assert_null(fgets(line + 4096, 4096, stream));
	fclose(stream);
	for (const char *c = line; *c && c[1]; c++)
		assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
	json_t *json = json_loads(line, 0, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "device")), record->device_name);
	assert_string_equal(json_string_value(json_object_get(json, "reason")), record->reason);
	char name[NAME_TEXT_MAX];
	dns_name_to_text(&sample.name, name);
	assert_string_equal(json_string_value(json_object_get(json, "name")), name);
	assert_true(json_is_null(json_object_get(json, "rule")));
	assert_string_equal(json_string_value(json_object_get(json, "protocol")), "doh");
	assert_string_equal(json_string_value(json_object_get(json, "dnssec")), "insecure");
	assert_int_equal(json_object_size(json), 17);
	json_decref(json);
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0137, 0);
}

static void the_file_goes_on(void **state)
{
	(void)state;
	struct sink *sink = open_sink(0, 1);
	assert_int_equal(write_batch(sink, 0, 100), PF_OK);
	sink->close(&sink);
	assert_null(sink);
	sink = open_sink(0, 1);
	assert_int_equal(write_batch(sink, 100, 1), PF_OK);
	assert_int_equal(write_batch(sink, 101, 0), PF_OK);
	sink->close(&sink);
	assert_int_equal(read_lines(path, 0), 101);
}

static void files_are_rotated_and_the_oldest_goes(void **state)
{
	(void)state;
	struct sink *sink = open_sink(20000, 3);
	char file[160];
	struct stat status;
	for (unsigned i = 0; i < 1000; i += 10)
		assert_int_equal(write_batch(sink, i, 10), PF_OK);
	sink->close(&sink);
	snprintf(file, sizeof file, "%s.3", path);
	assert_int_not_equal(stat(file, &status), 0);
	snprintf(file, sizeof file, "%s.2", path);
	FILE *stream = fopen(file, "r");
	char line[8192];
	assert_non_null(stream);
	assert_non_null(fgets(line, sizeof line, stream));
	fclose(stream);
	json_t *json = json_loads(line, 0, NULL);
	unsigned next = (unsigned)json_integer_value(json_object_get(json, "took_us"));
	json_decref(json);
	assert_true(next > 0); /* the oldest are gone */
	next = read_lines(file, next);
	snprintf(file, sizeof file, "%s.1", path);
	next = read_lines(file, next);
	assert_int_equal(read_lines(path, next), 1000);
	assert_int_equal(stat(path, &status), 0);
	assert_true(status.st_size < 20000 + 10 * 1024);
}

static void a_single_file_begins_anew(void **state)
{
	(void)state;
	struct sink *sink = open_sink(1000, 1);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(write_batch(sink, i * 10, 10), PF_OK);
	sink->close(&sink);
	assert_int_equal(read_lines(path, 190), 200);
}

static void a_file_that_was_moved_away_is_left_alone(void **state)
{
	(void)state;
	struct sink *sink = open_sink(0, 1);
	char moved[160];
	snprintf(moved, sizeof moved, "%s.moved", path);
	assert_int_equal(write_batch(sink, 0, 10), PF_OK);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(write_batch(sink, 10, 10), PF_OK);
	sink->close(&sink);
	assert_int_equal(read_lines(moved, 0), 10);
	assert_int_equal(read_lines(path, 10), 20);
}

/* What does not fit is cut off and comes again. */
static void a_full_disk_leaves_whole_lines(void **state)
{
	(void)state;
	struct rlimit limit, small;
	struct sink *sink = open_sink(0, 1);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(write_batch(sink, 0, 100), PF_OK);
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	small = (struct rlimit){(rlim_t)status.st_size + 1000, limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(write_batch(sink, 100, 100), PF_EIO);
		assert_non_null(strstr(error, path));
		assert_non_null(strstr(error, "File too large"));
		assert_int_equal(read_lines(path, 0), 100);
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(write_batch(sink, 100, 100), PF_OK);
	sink->close(&sink);
	assert_int_equal(read_lines(path, 0), 200);
}

static void what_can_not_be_a_file_is_told(void **state)
{
	(void)state;
	assert_null(jsonl_sink_open("/nowhere/at/all", 0, 1, error, sizeof error));
	assert_non_null(strstr(error, "/nowhere/at/all can not be written: No such file"));
	assert_null(jsonl_sink_open("/dev/null", 0, 1, error, sizeof error));
	assert_non_null(strstr(error, "/dev/null"));
	assert_null(jsonl_sink_open(folder, 0, 1, error, sizeof error));
}

/* With anything behind the text it is the same. */
static void check_ahead(const char *text, size_t length, const char *expected, size_t bytes)
{
	char *more = malloc(length + JSON_AHEAD_BYTES), *out = malloc(JSON_BYTES_MAX(length));
	memcpy(more, text, length);
	memset(more + length, '"', JSON_AHEAD_BYTES);
	assert_int_equal(json_write_ahead(out, more, length) - out, bytes);
	assert_memory_equal(out, expected, bytes);
	free(more);
	free(out);
}

/* Any byte at any place of texts of any length up to two blocks: as it is written one by one. */
static void text_is_escaped_wherever_it_must_be(void **state)
{
	(void)state;
	static const char *const bytes[] = {"\"", "\\", "\x1f", "\x7f", "\x01", " ", "\xff", "\x80"};
	static const char *const written[] = {"\\\"",    "\\\\", "\\u001f", "\\u007f",
	                                      "\\u0001", " ",    "\xff",    "\x80"};
	for (size_t length = 1; length <= 35; length += length < 18 ? 1 : 8)
		for (size_t at = 0; at < length; at++)
			for (size_t i = 0; i < PF_COUNT(bytes); i++) {
				char *text = malloc(length), *out = malloc(JSON_BYTES_MAX(length));
				memset(text, 'x', length);
				text[at] = bytes[i][0];
				char *end = json_write(out, text, length);
				check_ahead(text, length, out, (size_t)(end - out));
				size_t more = strlen(written[i]);
				assert_int_equal(end - out, length + more + 1);
				assert_true(out[0] == '"' && end[-1] == '"');
				for (size_t k = 0; k < at; k++)
					assert_int_equal(out[1 + k], 'x');
				assert_memory_equal(out + 1 + at, written[i], more);
				for (size_t k = at + 1; k < length; k++)
					assert_int_equal(out[more + k], 'x');
				free(text);
				free(out);
			}
	char null[4];
	assert_ptr_equal(json_write(null, "", 0), null + 4);
	assert_memory_equal(null, "null", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_says_what_the_record_says, make_folder,
	                                    remove_folder),
		cmocka_unit_test_setup_teardown(the_file_goes_on, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(files_are_rotated_and_the_oldest_goes, make_folder,
	                                    remove_folder),
		cmocka_unit_test_setup_teardown(a_single_file_begins_anew, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_file_that_was_moved_away_is_left_alone, make_folder,
	                                    remove_folder),
		cmocka_unit_test_setup_teardown(a_full_disk_leaves_whole_lines, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_can_not_be_a_file_is_told, make_folder, remove_folder),
		cmocka_unit_test(text_is_escaped_wherever_it_must_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
