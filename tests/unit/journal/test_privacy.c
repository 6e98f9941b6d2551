/* What is written of devices that are to be hidden: in no file of the journal stands their id, name or client, and of those of whom only
 * endpoints are kept no single query. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/jsonl.h"
#include "journal/privacy.h"
#include "unit/journal/check.h"

#define QUERIES 300

static void siphash_is_siphash(void **state)
{
	(void)state;
	/* The test vector of the paper: key 00 01 … 0f, message 00 01 … 0e. */
	const struct privacy_key key = {{UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
	uint8_t message[15];
	for (uint8_t i = 0; i < sizeof message; i++)
		message[i] = i;
	assert_true(privacy_hash(&key, message, sizeof message) == UINT64_C(0xa129ca6149be45e5));
}

static void the_key_lives_in_its_file(void **state)
{
	struct place *place = *state;
	struct privacy_key first, again, other;
	char path[160], error[256] = "";
	snprintf(path, sizeof path, "%s/pseudonym.key", place->folder);
	assert_int_equal(privacy_key_load(path, &first, error, sizeof error), PF_OK);
	assert_int_equal(privacy_key_load(path, &again, error, sizeof error), PF_OK);
	assert_memory_equal(&first, &again, sizeof first);
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	/* Destroyed: nobody can make the old pseudonyms again. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(privacy_key_load(path, &other, error, sizeof error), PF_OK);
	assert_memory_not_equal(&first, &other, sizeof first);
	struct privacy_mask mask, mask_again, mask_other;
	privacy_mask(&first, "mac:64:bc:0c:80:7e:1f", &mask);
	privacy_mask(&again, "mac:64:bc:0c:80:7e:1f", &mask_again);
	privacy_mask(&other, "mac:64:bc:0c:80:7e:1f", &mask_other);
	assert_string_equal(mask.id, mask_again.id);
	assert_string_not_equal(mask.id, mask_other.id);
	/* What is no key is told, and another is used. */
	FILE *file = fopen(path, "w");
	fputs("0123\n", file);
	fclose(file);
	assert_int_equal(privacy_key_load(path, &again, error, sizeof error), PF_EINVAL);
	assert_non_null(strstr(error, "holds no key"));
	assert_int_equal(privacy_key_load("/nowhere/key", &again, error, sizeof error), PF_EIO);
	assert_non_null(strstr(error, "/nowhere/key"));
}

static bool file_holds(const char *folder, const char *file, const char *text)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", folder, file);
	FILE *stream = fopen(path, "rb");
	if (!stream)
		return false;
	fseek(stream, 0, SEEK_END);
	size_t length = (size_t)ftell(stream);
	rewind(stream);
	char *bytes = malloc(length + 1);
	assert_int_equal(fread(bytes, 1, length, stream), length);
	fclose(stream);
	bool found = memmem(bytes, length, text, strlen(text)) != NULL;
	free(bytes);
	return found;
}

static bool any_holds(const struct place *place, const char *text)
{
	static const char *const files[] = {"journal.db", "journal.db-wal", "queries.jsonl", "rings"};
	for (size_t i = 0; i < PF_COUNT(files); i++)
		if (file_holds(place->folder, files[i], text))
			return true;
	return false;
}

/* Through the rings into SQLite and JSON lines. */
static struct journal *start(const struct place *place)
{
	char lines[160], rings[160], error[256] = "";
	snprintf(lines, sizeof lines, "%s/queries.jsonl", place->folder);
	snprintf(rings, sizeof rings, "%s/rings", place->folder);
	struct sink *sinks[] = {sqlite_sink_open(place->path, INT64_MAX / 2, error, sizeof error),
	                        jsonl_sink_open(lines, 1 << 20, 2, error, sizeof error)};
	assert_true(sinks[0] && sinks[1]);
	struct journal_options options = {.sinks = sinks,
	                                  .sink_count = 2,
	                                  .ring_count = 1,
	                                  .rings_path = rings};
	struct journal *journal = journal_start(&options);
	assert_non_null(journal);
	return journal;
}

static void put_samples(struct journal *journal, const struct privacy_key *key,
                        enum privacy privacy)
{
	for (unsigned i = 0; i < QUERIES; i++) {
		struct sample sample;
		struct privacy_mask mask;
		sample_fill(&sample, i, true);
		sample.record.privacy = (uint8_t)privacy;
		if (privacy == PRIVACY_PSEUDONYM)
			privacy_hide(key, &sample.record, &mask);
		assert_int_equal(journal_put(journal, 0, &sample.record), PF_OK);
	}
	assert_int_equal(journal_flush(journal, 30000), PF_OK);
}

static void pseudonyms_are_all_that_is_written(void **state)
{
	struct place *place = *state;
	const struct privacy_key key = {{1, 2}};
	struct privacy_mask mask;
	struct journal *journal = start(place);
	put_samples(journal, &key, PRIVACY_PSEUDONYM);
	assert_false(any_holds(place, "64:bc:0c"));
	assert_false(any_holds(place, "device 1"));
	assert_false(any_holds(place, "127.0.0.13"));
	privacy_mask(&key, "mac:64:bc:0c:80:7e:01", &mask);
	assert_true(any_holds(place, mask.id));
	struct journal_sink_stats stats;
	journal_sink_stats(journal, 1, &stats);
	assert_int_equal(stats.journalled, QUERIES);
	journal_stop(&journal);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_queries"), QUERIES);
	assert_int_equal(number_in(place->path, "SELECT count(DISTINCT device) FROM v_queries"),
	                 SAMPLE_DEVICES);
	assert_int_equal(number_in(place->path, "SELECT count(DISTINCT client) FROM v_queries"
	                                        " WHERE client GLOB 'fd00::*'"),
	                 SAMPLE_DEVICES);
	assert_false(any_holds(place, "64:bc:0c"));
	assert_sound(place->path);
}

static void endpoints_alone_are_written(void **state)
{
	struct place *place = *state;
	struct journal *journal = start(place);
	put_samples(journal, NULL, PRIVACY_ENDPOINTS_ONLY);
	struct journal_stats stats;
	journal_stats(journal, &stats);
	assert_int_equal(stats.journalled, QUERIES);
	assert_int_equal(stats.dropped, 0);
	journal_stop(&journal);
	assert_samples_endpoints(place->path, QUERIES);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_queries"), 0);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM sum_hour"), 0);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM client"), 0);
	assert_int_equal(number_in(place->path, "SELECT sum(queries) FROM device"), QUERIES);
	assert_false(file_holds(place->folder, "queries.jsonl", "host"));
	assert_sound(place->path);
}

/* Both kinds in one batch, and a transaction that fails: nothing counts twice. */
static void both_add_up_after_trouble(void **state)
{
	struct place *place = *state;
	struct sink *sink = open_sink(place->path);
	bool seen[SAMPLE_NAMES] = {false};
	write_samples(sink, 0, 100, seen);
	for (unsigned round = 0; round < 2; round++) {
		begin_batch(sink);
		for (unsigned i = 100; i < QUERIES; i++) {
			struct sample sample;
			sample_fill(&sample, i, true);
			sample.record.privacy = i % 2 ? PRIVACY_ENDPOINTS_ONLY : PRIVACY_FULL;
			write_record(sink, &sample.record);
		}
		char error[256];
		if (round)
			commit_batch(sink);
		else /* a transaction within one: it fails, and all is rolled back */
			assert_int_equal(sink->begin(sink, error, sizeof error), PF_EIO);
	}
	sink->close(&sink);
	assert_samples_endpoints(place->path, QUERIES);
	assert_int_equal(number_in(place->path, "SELECT sum(queries) FROM device"), QUERIES);
	assert_int_equal(number_in(place->path, "SELECT count(*) FROM v_queries"), 200);
	assert_int_equal(number_in(place->path, "SELECT sum(count) FROM sum_hour"), 200);
	assert_sound(place->path);
}

#define test(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_is_siphash),     test(the_key_lives_in_its_file),
		test(pseudonyms_are_all_that_is_written), test(endpoints_alone_are_written),
		test(both_add_up_after_trouble),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
