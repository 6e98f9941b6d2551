/* Rings in a file: what a killed process left is found, whole and once; whatever else stands in the file is
 * believed by nobody. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/flat.h"
#include "journal/rings.h"
#include "journal/sqlite/sqlite.h"
#include "unit/journal/sample.h"

#define RING_SIZE 4096
#define MUTATIONS 1000

struct place {
	char folder[64], path[128], left[160], journal[128];
};

static void place_make(struct place *place)
{
	sample_make_folder(place->folder);
	snprintf(place->path, sizeof place->path, "%s/rings", place->folder);
	snprintf(place->left, sizeof place->left, "%s.left", place->path);
	snprintf(place->journal, sizeof place->journal, "%s/journal.db", place->folder);
}

static bool put(struct ring *ring, size_t length, uint8_t fill)
{
	uint8_t *room = ring_claim(ring, length);
	if (!room)
		return false;
	memset(room, fill, length);
	ring_publish(ring);
	return true;
}

static unsigned count_entries(const struct ring *ring)
{
	uint64_t at = ring_tail(ring), end = ring_head(ring);
	const uint8_t *data;
	size_t length;
	unsigned count = 0;
	while (ring_next(ring, &at, end, &data, &length)) {
		for (size_t i = 1; i < length; i++)
			assert_int_equal(data[i], data[0]);
		count++;
	}
	return count;
}

/* Runs in a process of its own that ends without a word. */
static void in_a_killed_process(void (*run)(void *), void *data)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		run(data);
		kill(getpid(), SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void fill_some(void *data)
{
	struct place *place = data;
	struct rings rings;
	if (rings_create(&rings, place->path, 2, RING_SIZE) != PF_OK)
		_exit(2);
	/* Round the end of the first, so that an entry wraps. */
	for (unsigned i = 0; i < 100; i++) {
		if (!put(&rings.rings[0], 100, (uint8_t)i))
			_exit(3);
		if (i < 90)
			ring_release(&rings.rings[0], ring_head(&rings.rings[0]));
	}
	if (!put(&rings.rings[1], 1, 7))
		_exit(4);
	ring_claim(&rings.rings[1], 50); /* claimed, never published: it is not there */
}

static void a_killed_process_leaves_its_entries(void **state)
{
	(void)state;
	struct place place;
	struct rings rings, second;
	struct stat status;
	place_make(&place);
	assert_int_equal(rings_open(&rings, place.path), PF_ENOENT);
	in_a_killed_process(fill_some, &place);
	assert_int_equal(stat(place.path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_true(status.st_blocks * 512 >= 2 * RING_SIZE); /* its room is taken */

	assert_int_equal(rings_open(&rings, place.path), PF_OK);
	assert_int_equal(rings.count, 2);
	assert_false(rings_empty(&rings));
	assert_int_equal(count_entries(&rings.rings[0]), 10);
	assert_int_equal(count_entries(&rings.rings[1]), 1);
	/* One process at a time. */
	assert_int_equal(rings_open(&second, place.path), PF_EIO);
	assert_int_equal(rings_create(&second, place.path, 1, RING_SIZE), PF_EIO);
	uint64_t generation = rings.generation;
	rings_deinit(&rings);

	assert_int_equal(rings_create(&rings, place.path, 1, RING_SIZE), PF_OK);
	assert_true(rings_empty(&rings));
	assert_true(rings.generation && rings.generation != generation);
	rings_deinit(&rings);
	sample_remove_folder(place.folder);
}

static uint8_t *read_file(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	uint8_t *bytes = malloc(1 << 20);
	*length = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	return bytes;
}

static void write_file(const char *path, const uint8_t *bytes, size_t length)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

/* Another program, another boot, a file that is too short or too long. */
static void strangers_files_are_not_read(void **state)
{
	(void)state;
	struct place place;
	struct rings rings;
	size_t length;
	place_make(&place);
	in_a_killed_process(fill_some, &place);
	uint8_t *bytes = read_file(place.path, &length);
	/* magic, format, count, size, generation, boot: see rings.c */
	static const size_t offsets[] = {0, 8, 12, 16, 32, 50};
	for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
		bytes[offsets[i]] ^= 0x41;
		write_file(place.path, bytes, length);
		bytes[offsets[i]] ^= 0x41;
		assert_int_equal(rings_open(&rings, place.path), PF_ENOENT);
	}
	write_file(place.path, bytes, length - 1);
	assert_int_equal(rings_open(&rings, place.path), PF_ENOENT);
	write_file(place.path, bytes, 30);
	assert_int_equal(rings_open(&rings, place.path), PF_ENOENT);
	write_file(place.path, bytes, 0);
	assert_int_equal(rings_open(&rings, place.path), PF_ENOENT);
	write_file(place.path, bytes, length);
	assert_int_equal(rings_open(&rings, place.path), PF_OK);
	rings_deinit(&rings);
	free(bytes);
	sample_remove_folder(place.folder);
}

/* Whatever the bytes behind the header are, all that is kept can be walked. */
static void damaged_entries_are_cut_off(void **state)
{
	(void)state;
	struct place place;
	struct rings rings;
	size_t length;
	unsigned random = 1, whole = 0, cut = 0;
	place_make(&place);
	in_a_killed_process(fill_some, &place);
	uint8_t *bytes = read_file(place.path, &length), *mutated = malloc(length);
	for (unsigned i = 0; i < MUTATIONS; i++) {
		memcpy(mutated, bytes, length);
		for (unsigned k = 0; k < 1 + i % 16; k++) {
			random = random * 1664525u + 1013904223u;
			size_t at = 4096 + (random >> 8) % (i % 3 ? length - 4096 : 200);
			random = random * 1664525u + 1013904223u;
			mutated[at] = (uint8_t)(random >> 16);
		}
		write_file(place.path, mutated, length);
		assert_int_equal(rings_open(&rings, place.path), PF_OK);
		unsigned count = 0;
		for (size_t r = 0; r < rings.count; r++) {
			uint64_t at = ring_tail(&rings.rings[r]), end = ring_head(&rings.rings[r]);
			const uint8_t *data;
			size_t got;
			volatile uint8_t sum = 0;
			while (ring_next(&rings.rings[r], &at, end, &data, &got)) {
				for (size_t b = 0; b < got; b++)
					sum = (uint8_t)(sum + data[b]);
				count++;
			}
		}
		whole += count == 11;
		cut += count < 11;
		rings_deinit(&rings);
	}
	assert_true(whole && cut);
	free(mutated);
	free(bytes);
	sample_remove_folder(place.folder);
}

/* ---- the journal ------------------------------------------------------------------------- */

#define RECORDS 5000u

struct run {
	struct place place;
	bool flush; /* all is committed before the end */
};

static struct journal *start(const struct place *place)
{
	char error[256];
	struct sink *sink = sqlite_sink_open(place->journal, INT64_C(1) << 60, error, sizeof error);
	if (!sink)
		return NULL;
	struct journal_options options = {.sinks = &sink,
	                                  .sink_count = 1,
	                                  .ring_count = 2,
	                                  .rings_path = place->path};
	return journal_start(&options);
}

static void journal_some(void *data)
{
	struct run *run = data;
	struct journal *journal = start(&run->place);
	if (!journal)
		_exit(2);
	for (unsigned i = 0; i < RECORDS; i++) {
		struct sample sample;
		sample_fill(&sample, i, true);
		sample.record.took_us = i;
		if (journal_put(journal, i % 2, &sample.record) != PF_OK)
			_exit(3);
	}
	if (run->flush && journal_flush(journal, 10000) != PF_OK)
		_exit(4);
}

static int see(void *data, const struct store_query *row)
{
	uint8_t *seen = data;
	assert_in_range(row->took_us, 0, RECORDS - 1);
	seen[row->took_us]++;
	return 0;
}

static void each_is_there_once(const struct place *place)
{
	char error[256];
	struct store_filter all = {0};
	uint8_t *seen = calloc(RECORDS, 1);
	struct store *store = sqlite_store_open(place->journal, error, sizeof error);
	assert_non_null(store);
	assert_int_equal(store->queries(store, &all, see, seen), PF_OK);
	store->close(&store);
	for (unsigned i = 0; i < RECORDS; i++)
		assert_int_equal(seen[i], 1);
	free(seen);
}

static void a_killed_journal_goes_on(void **state)
{
	(void)state;
	for (unsigned flush = 0; flush < 2; flush++) {
		struct run run = {.flush = flush};
		struct journal_stats stats;
		place_make(&run.place);
		in_a_killed_process(journal_some, &run);
		struct journal *journal = start(&run.place);
		assert_non_null(journal);
		journal_stats(journal, &stats);
		assert_int_equal(stats.put, 0);
		assert_int_equal(stats.journalled, 0);
		assert_int_equal(stats.dropped, 0);
		if (flush)
			assert_int_equal(stats.recovered, 0);
		each_is_there_once(&run.place);
		journal_stop(&journal);
		each_is_there_once(&run.place);
		sample_remove_folder(run.place.folder);
	}
}

/* Killed between the commit and the release of what it wrote: the sink knows how far it is. */
static void what_is_committed_does_not_come_again(void **state)
{
	(void)state;
	struct run run = {.flush = true};
	struct rings rings;
	place_make(&run.place);
	in_a_killed_process(journal_some, &run);
	assert_int_equal(rings_open(&rings, run.place.path), PF_OK);
	assert_true(rings_empty(&rings));
	for (size_t i = 0; i < rings.count; i++)
		ring_release(&rings.rings[i], 0); /* nothing was ever released */
	assert_false(rings_empty(&rings));
	rings_deinit(&rings);
	struct journal *journal = start(&run.place);
	assert_non_null(journal);
	each_is_there_once(&run.place);
	journal_stop(&journal);
	sample_remove_folder(run.place.folder);
}

static int refuse(struct sink *sink, char *error, size_t size)
{
	(void)sink;
	snprintf(error, size, "The test refuses.");
	return PF_EIO;
}

static void close_nothing(struct sink **sink)
{
	*sink = NULL;
}

/* The journal can not be written at the start: DNS begins all the same, and the next start finds them. */
static void what_can_not_be_written_is_kept(void **state)
{
	(void)state;
	struct run run = {0};
	struct sink bad = {.name = "bad", .begin = refuse, .close = close_nothing}, *sinks[] = {&bad};
	place_make(&run.place);
	in_a_killed_process(journal_some, &run);
	struct journal_options options = {.sinks = sinks,
	                                  .sink_count = 1,
	                                  .ring_count = 2,
	                                  .rings_path = run.place.path};
	struct journal *journal = journal_start(&options);
	assert_non_null(journal);
	assert_int_equal(access(run.place.left, F_OK), 0);
	journal_stop(&journal);
	journal = start(&run.place);
	assert_non_null(journal);
	assert_int_not_equal(access(run.place.left, F_OK), 0);
	each_is_there_once(&run.place);
	journal_stop(&journal);
	sample_remove_folder(run.place.folder);
}

/* No room for the file: the journal works as well, in memory. */
static void without_room_for_the_file(void **state)
{
	(void)state;
	struct run run = {0};
	struct rlimit limit, small;
	place_make(&run.place);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = (struct rlimit){1 << 20, limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	struct journal *journal = start(&run.place);
	assert_non_null(journal);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (unsigned i = 0; i < RECORDS; i++) {
		struct sample sample;
		sample_fill(&sample, i, true);
		sample.record.took_us = i;
		assert_int_equal(journal_put(journal, i % 2, &sample.record), PF_OK);
	}
	journal_stop(&journal);
	each_is_there_once(&run.place);
	sample_remove_folder(run.place.folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_killed_process_leaves_its_entries),
		cmocka_unit_test(strangers_files_are_not_read),
		cmocka_unit_test(damaged_entries_are_cut_off),
		cmocka_unit_test(a_killed_journal_goes_on),
		cmocka_unit_test(what_is_committed_does_not_come_again),
		cmocka_unit_test(what_can_not_be_written_is_kept),
		cmocka_unit_test(without_room_for_the_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
