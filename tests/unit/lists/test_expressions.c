/* The file of compiled expressions: what is in it is not compiled again, whatever else has changed; what is damaged, or what
 * others could have written, is not used. */
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

#include "lists/expressions.h"
#include "lists/state.h"
#include "unit/lists/fixture.h"

#define LATER_US ((int64_t)1 << 61)

struct world {
	struct fixture fixture;
	char cache[96], file[128];
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	fixture_init(&world->fixture);
	snprintf(world->cache, sizeof world->cache, "%s/lists.cache", world->fixture.folder);
	snprintf(world->file, sizeof world->file, "%s" EXPRESSIONS_SUFFIX, world->cache);
	/* Two that no text of a name can tell, one that is read here, one that is not. */
	fixture_add_text(&world->fixture, "/^[a-z]{10,14}$/\n/^(a|b)+c$/\n/telemetry/\n/\\bads\\b/\n");
	fixture_add_text(&world->fixture, "a.example\n");
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	unlink(world->cache);
	unlink(world->file);
	fixture_deinit(&world->fixture);
	free(world);
	return 0;
}

/* Loads into fixture.loaded; how many databases were compiled must be as expected, and all match. */
static void load(struct world *world, bool share, size_t compiled)
{
	static const char *const held[] = {"abcdefghijk", "abbac", "xtelemetry.example", "my.ads.net"};
	struct fixture *fixture = &world->fixture;
	struct lists *loaded;
	const struct lists_keep keep = {share ? fixture->loaded : NULL, world->cache, LATER_US};
	diag_deinit(&fixture->diag);
	diag_init(&fixture->diag);
	assert_int_equal(lists_load_kept(&fixture->config, &keep, &fixture->diag, &loaded), PF_OK);
	lists_free(&fixture->loaded);
	fixture->loaded = loaded;
	const struct regex_set *set = list_patterns_set(loaded->tables.patterns);
	assert_int_equal(regex_set_pieces(set), 1);
	assert_int_equal(regex_set_compiled(set), compiled);
	for (size_t i = 0; i < PF_COUNT(held); i++)
		assert_true(fixture_has(fixture, 0, held[i]));
	assert_false(fixture_has(fixture, 0, "abcd.example"));
	assert_true(fixture_has(fixture, 1, "a.example"));
}

static void test_starts(void **state)
{
	struct world *world = *state;
	struct stat first, later;
	if (!regex_built_in())
		skip();
	load(world, false, 1);
	assert_int_equal(stat(world->file, &first), 0);
	assert_int_equal(first.st_mode & 0777, 0600);
	load(world, false, 0);
	assert_int_equal(lists_origin(world->fixture.loaded), LISTS_MAPPED);
	/* Another list has changed: all are read, and the expressions are found all the same. */
	fixture_write_text(world->fixture.files[1], "a.example\nb.example\n/tracker/\n");
	load(world, false, 0);
	assert_int_equal(lists_origin(world->fixture.loaded), LISTS_READ);
	/* And nothing was written: it is the file of before. */
	assert_int_equal(stat(world->file, &later), 0);
	assert_int_equal(later.st_ino, first.st_ino);
	fixture_write_text(world->fixture.files[0],
	                   "/^[a-z]{10,14}$/\n/^(a|b)+c$/\n/telemetry/\n/\\bads\\b/\n/^[xyz]+$/\n");
	load(world, false, 1);
	assert_true(fixture_has(&world->fixture, 0, "xyz"));
	load(world, false, 0);
}

static void test_reloads(void **state)
{
	struct world *world = *state;
	if (!regex_built_in())
		skip();
	load(world, false, 1);
	assert_int_equal(unlink(world->file), 0);
	fixture_write_text(world->fixture.files[1], "a.example\nb.example\n");
	load(world, true, 0); /* the database of before lives on in the new lists */
	fixture_write_text(world->fixture.files[1], "a.example\n");
	load(world, true, 0);
	assert_int_equal(access(world->file, F_OK), -1);
}

static void flip(const char *path, long at)
{
	FILE *file = fopen(path, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
	int byte = fgetc(file);
	assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
	assert_int_equal(fputc(byte ^ 4, file), byte ^ 4);
	assert_int_equal(fclose(file), 0);
}

static void test_refused(void **state)
{
	struct world *world = *state;
	/* Magic, version, build, checksum, key, count, digest, length, and the bytes themselves. */
	static const long places[] = {0, 16, 24, 56, 72, 80, 128, 144, 200, 4000, -1};
	if (!regex_built_in())
		skip();
	load(world, false, 1);
	for (size_t i = 0; i < PF_COUNT(places); i++) {
		flip(world->file, places[i]);
		load(world, false, 1);
		assert_non_null(strstr(fixture_finding(&world->fixture, 0), "it is made anew"));
		load(world, false, 0);
		assert_int_equal(world->fixture.diag.count, 0);
	}
	assert_int_equal(chmod(world->file, 0640), 0);
	load(world, false, 1);
	assert_non_null(strstr(fixture_finding(&world->fixture, 0), "read or written by others"));
	assert_int_equal(truncate(world->file, 100), 0);
	load(world, false, 1);
	assert_non_null(strstr(fixture_finding(&world->fixture, 0), "too short"));
}

/* A forger who can stamp the file: lengths that lead out of it are refused, bytes that are no database are not used. */
static void test_forged(void **state)
{
	(void)state;
	static uint64_t bytes[64];
	struct expressions read;
	char why[OWN_FILE_WHY_MAX];
	size_t whole = EXPRESSIONS_HEADER_BYTES + 24 + 32;
	uint64_t *count = &bytes[80 / 8], *length = &bytes[EXPRESSIONS_HEADER_BYTES / 8 + 2];
	*count = 1;
	*length = 31;
	expressions_stamp(bytes, whole);
	assert_int_equal(expressions_read(&read, bytes, whole, why), PF_OK);
	assert_int_equal(read.count, 1);
	assert_int_equal(read.pieces[0].length, 31);
	static const uint64_t lengths[] = {33, 24, 0, UINT64_MAX, UINT64_MAX - 6, 1u << 31};
	for (size_t i = 0; i < PF_COUNT(lengths); i++) {
		*length = lengths[i];
		expressions_stamp(bytes, whole);
		assert_int_equal(expressions_read(&read, bytes, whole, why), PF_EINVAL);
		assert_int_equal(read.count, 0);
	}
	*length = 32;
	for (uint64_t wrong = 0; wrong < 12; wrong += 2) {
		*count = wrong;
		expressions_stamp(bytes, whole);
		assert_int_equal(expressions_read(&read, bytes, whole, why), PF_EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_starts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reloads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test(test_forged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
