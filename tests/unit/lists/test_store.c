/* The cache file of the lists, and lists that are shared: used when nothing has changed, never when something has, when
 * the file is damaged, or when somebody else could have written it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lists/state.h"
#include "unit/lists/fixture.h"

/* Long after the files of a test were written: what they look like can be trusted. */
#define LATER_US ((int64_t)1 << 61)

struct world {
	struct fixture fixture;
	char cache[96];
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	fixture_init(&world->fixture);
	snprintf(world->cache, sizeof world->cache, "%s/lists.cache", world->fixture.folder);
	fixture_add_text(&world->fixture, "a.example\n*.b.example\nbad..name\n/re/x\n/re/y\n/re/z\n");
	fixture_add_text(&world->fixture, "||a.example^\n@@||x.a.example^\n");
	fixture_add_text(&world->fixture, "");
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	unlink(world->cache);
	fixture_deinit(&world->fixture);
	free(world);
	return 0;
}

/* Loads into fixture.loaded; what was there is `previous` when `share`. */
static void load(struct world *world, bool share, int64_t now_wall_us)
{
	struct fixture *fixture = &world->fixture;
	struct lists *loaded;
	const struct lists_keep keep = {share ? fixture->loaded : NULL, world->cache, now_wall_us};
	diag_deinit(&fixture->diag);
	diag_init(&fixture->diag);
	assert_int_equal(lists_load_kept(&fixture->config, &keep, &fixture->diag, &loaded), PF_OK);
	lists_free(&fixture->loaded);
	fixture->loaded = loaded;
}

static enum lists_origin origin(const struct world *world)
{
	return lists_origin(world->fixture.loaded);
}

static void check_names(const struct fixture *fixture, size_t count)
{
	assert_true(fixture_has(fixture, 0, "a.example"));
	assert_true(fixture_has(fixture, 0, "x.a.example"));
	assert_false(fixture_has(fixture, 0, "b.example"));
	assert_true(fixture_has(fixture, 0, "x.b.example"));
	assert_true(fixture_has(fixture, 1, "y.a.example"));
	assert_false(fixture_has(fixture, 1, "x.a.example"));
	assert_false(fixture_has(fixture, 2, "a.example"));
	assert_int_equal(lists_count(fixture->loaded), count);
}

static void check_infos(const struct world *world)
{
	const struct lists *lists = world->fixture.loaded;
	const struct list_info *info = lists_info(lists, 0);
	assert_string_equal(info->name, "list 0");
	assert_string_equal(info->file, world->fixture.files[0]);
	assert_int_equal(info->format, LIST_FORMAT_PLAIN);
	assert_int_equal(info->names, 2);
	assert_int_equal(info->lines, 6);
	assert_int_equal(info->skipped[SKIP_BAD_NAME].count, 1);
	assert_int_equal(info->skipped[SKIP_BAD_NAME].example_lines[0], 3);
	assert_int_equal(lists_info(lists, 1)->exceptions, 1);
	assert_int_equal(lists_info(lists, 1)->format, LIST_FORMAT_ADBLOCK);
	assert_true(info->modified_wall_us > 0);
	assert_int_equal(world->fixture.diag.warnings, 2);
	assert_non_null(
		strstr(fixture_finding(&world->fixture, 0), "was taken only in part, 2 entries"));
	assert_int_equal(world->fixture.diag.entries[0].line, 10);
	assert_non_null(strstr(fixture_finding(&world->fixture, 1), "is empty"));
	assert_int_equal(world->fixture.diag.entries[1].line, 12);
}

static void test_mapped_is_as_read(void **state)
{
	struct world *world = *state;
	struct stat stat_of;
	load(world, false, LATER_US);
	assert_int_equal(origin(world), LISTS_READ);
	check_names(&world->fixture, 3);
	check_infos(world);
	assert_int_equal(stat(world->cache, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	load(world, false, LATER_US);
	assert_int_equal(origin(world), LISTS_MAPPED);
	check_names(&world->fixture, 3);
	check_infos(world);
}

static void test_unchanged_is_shared(void **state)
{
	struct world *world = *state;
	for (int round = 0; round < 3; round++) {
		load(world, false, LATER_US); /* read at first, then mapped */
		const struct lists *before = world->fixture.loaded;
		load(world, true, LATER_US);
		assert_ptr_equal(world->fixture.loaded, before);
		check_names(&world->fixture, 3);
		check_infos(world);
	}
	world->fixture.lists[1].pos.line = 77; /* the configuration may change around them */
	world->fixture.lists[0].pos.line = 78;
	const struct lists *before = world->fixture.loaded;
	load(world, true, LATER_US);
	assert_ptr_equal(world->fixture.loaded, before);
	assert_int_equal(world->fixture.diag.entries[0].line, 78);
}

/* As many bytes, in the same file, in the same tick of the clock for all we know: found all the same. */
static void test_changed_content(void **state)
{
	struct world *world = *state;
	const int64_t now_us = (int64_t)time(NULL) * 1000000;
	for (int share = 0; share < 2; share++) {
		fixture_write_text(world->fixture.files[0], "a.example\n");
		load(world, share, now_us);
		assert_true(fixture_has(&world->fixture, 0, "a.example"));
		fixture_write_text(world->fixture.files[0], "c.example\n");
		load(world, share, now_us);
		assert_int_equal(origin(world), LISTS_READ);
		assert_false(fixture_has(&world->fixture, 0, "a.example"));
		assert_true(fixture_has(&world->fixture, 0, "c.example"));
		fixture_write_text(world->fixture.files[0], "c.example\nd.example\n");
		load(world, share, now_us);
		assert_true(fixture_has(&world->fixture, 0, "d.example"));
	}
}

/* A file that was only touched, or put there again, has the same content. */
static void test_touched(void **state)
{
	struct world *world = *state;
	const struct timespec times[2] = {{1000000000, 5}, {1000000000, 5}};
	load(world, false, LATER_US);
	assert_int_equal(utimensat(AT_FDCWD, world->fixture.files[0], times, 0), 0);
	load(world, false, LATER_US);
	assert_int_equal(origin(world), LISTS_MAPPED);
	char aside[600];
	snprintf(aside, sizeof aside, "%s.aside", world->fixture.files[1]);
	fixture_write_text(aside, "||a.example^\n@@||x.a.example^\n");
	assert_int_equal(rename(aside, world->fixture.files[1]), 0);
	const struct lists *before = world->fixture.loaded;
	load(world, true, LATER_US);
	assert_ptr_equal(world->fixture.loaded, before);
	load(world, false, LATER_US);
	assert_int_equal(origin(world), LISTS_MAPPED);
	check_names(&world->fixture, 3);
}

/* Does list 3 hold the name for this type, and with which reply? */
static bool held_for(const struct world *world, const char *text, uint16_t type, bool *replies)
{
	struct dns_name name;
	struct list_set set;
	struct list_found found;
	struct regex_scratch *scratch = lists_scratch_new(world->fixture.loaded);
	assert_int_equal(dns_name_from_text(text, &name), PF_OK);
	const struct list_asked asked = {.name = &name, .type = type};
	lists_match(world->fixture.loaded, scratch, &asked, &set);
	bool held = list_set_has(&set, 3);
	assert_int_equal(lists_find(world->fixture.loaded, scratch, 3, &asked, NULL, &found), held);
	*replies = held && found.reply;
	lists_scratch_free(&scratch);
	return held;
}

static void check_more(const struct world *world)
{
	static const struct {
		const char *name;
		uint16_t type;
		bool held, replies;
	} rows[] = {
		{"c.example", 28, true, false}, {"c.example", 1, false, false},
		{"d.example", 1, true, true},   {"e.example", 1, false, false},
		{"e.example", 28, true, true},  {"xadsx.example", 1, true, false},
		{"f.example", 1, true, false},  {"g.example", 1, false, false},
	};
	for (size_t i = 0; i < PF_COUNT(rows); i++) {
		bool replies;
		assert_int_equal(held_for(world, rows[i].name, rows[i].type, &replies), rows[i].held);
		assert_int_equal(replies, rows[i].replies);
	}
	assert_true(lists_have_replies(world->fixture.loaded, 3));
	assert_false(lists_have_replies(world->fixture.loaded, 0));
	assert_int_equal(lists_info(world->fixture.loaded, 3)->patterns, 1);
	check_names(&world->fixture, 5);
}

/* What is not in the file comes from the lists that have such entries, with the same numbers. */
static void test_more_than_names(void **state)
{
	struct world *world = *state;
	fixture_add_text(
		&world->fixture,
		"||c.example^$dnstype=AAAA\n||d.example^$dnsrewrite=REFUSED\n/ads/\n||f.example^\n"
		"||e.example^$dnstype=AAAA,dnsrewrite=NXDOMAIN\n||g.example^$ctag=tv\n");
	fixture_add_text(&world->fixture, "||c.example^$dnstype=A\n||d.example^$dnsrewrite=REFUSED\n");
	assert_true(tag_add(&world->fixture.config.tags, "tv") >= 0);
	for (int round = 0; round < 3; round++) {
		load(world, false, LATER_US);
		assert_int_equal(origin(world), round ? LISTS_MAPPED : LISTS_READ);
		check_more(world);
	}
	const struct lists *before = world->fixture.loaded;
	load(world, true, LATER_US);
	assert_ptr_equal(world->fixture.loaded, before);
	assert_true(tag_add(&world->fixture.config.tags, "camera") >= 0);
	load(world, true, LATER_US);
	assert_ptr_not_equal(world->fixture.loaded, before);
	check_more(world);
}

static void test_other_lists(void **state)
{
	struct world *world = *state;
	load(world, false, LATER_US);
	world->fixture.lists[0].format = LIST_FORMAT_HOSTS;
	load(world, true, LATER_US);
	assert_int_equal(origin(world), LISTS_READ);
	assert_false(fixture_has(&world->fixture, 0, "x.a.example"));
	strcpy(world->fixture.names[0], "other");
	load(world, true, LATER_US);
	assert_string_equal(lists_info(world->fixture.loaded, 0)->name, "other");
	world->fixture.config.list_count--;
	load(world, true, LATER_US);
	assert_int_equal(lists_count(world->fixture.loaded), 2);
	load(world, false, LATER_US);
	assert_int_equal(origin(world), LISTS_MAPPED);
	world->fixture.config.list_count++;
	load(world, false, LATER_US);
	assert_int_equal(origin(world), LISTS_READ);
	assert_int_equal(unlink(world->fixture.files[2]), 0);
	const struct lists_keep keep = {world->fixture.loaded, world->cache, LATER_US};
	struct lists *lists;
	assert_int_equal(lists_load_kept(&world->fixture.config, &keep, &world->fixture.diag, &lists),
	                 PF_EINVAL); /* a list that is gone is an error, whatever the cache remembers */
	assert_null(lists);
	world->fixture.config.list_count--;
}

/* `from` up to `to`, so that the file has as many bytes whatever the numbers are. */
static void write_numbers(const char *path, unsigned from, unsigned to, unsigned in_all)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	for (unsigned i = 0; i < in_all; i++)
		assert_true(fprintf(file, "n%05u.numbered\n", from + i % (to - from)) > 0);
	assert_int_equal(fclose(file), 0);
}

static void check_numbers(const struct world *world, size_t list, unsigned from, unsigned to)
{
	char text[40];
	for (unsigned i = 0; i < 6000; i += 37) {
		snprintf(text, sizeof text, "x.n%05u.numbered", i);
		assert_int_equal(fixture_has(&world->fixture, list, text), i >= from && i < to);
	}
	assert_int_equal(lists_info(world->fixture.loaded, list)->names, to - from);
}

/* A reload reckons with as many names as there were. Right or wrong, what comes out is the same, is told once, and can be
 * mapped at the next start. */
static void test_like_before(void **state)
{
	struct world *world = *state;
	char path[96];
	snprintf(path, sizeof path, "%s/numbers", world->fixture.folder);
	write_numbers(path, 0, 4000, 4000);
	size_t list = fixture_add_file(&world->fixture, path);
	load(world, false, LATER_US);
	check_numbers(world, list, 0, 4000);
	size_t bytes = lists_bytes(world->fixture.loaded), warnings = world->fixture.diag.warnings;
	assert_true(warnings > 0);
	const struct {
		unsigned from, to, in_all;
	} files[] = {
		{2000, 6000, 4000}, {2000, 5500, 4000}, {100, 300, 4000}, {0, 4000, 4000}, {0, 10, 10}};
	for (size_t i = 0; i < PF_COUNT(files); i++) {
		write_numbers(path, files[i].from, files[i].to, files[i].in_all);
		load(world, true, LATER_US);
		assert_int_equal(origin(world), LISTS_READ);
		assert_int_equal(world->fixture.diag.warnings, warnings);
		check_numbers(world, list, files[i].from, files[i].to);
		assert_true(lists_bytes(world->fixture.loaded) < bytes + bytes / 10);
		load(world, false, LATER_US);
		assert_int_equal(origin(world), LISTS_MAPPED);
		check_numbers(world, list, files[i].from, files[i].to);
	}
}

/* A copy that is still to be fetched is none of these errors: it is read when it is there. */
static void test_copy_to_come(void **state)
{
	struct world *world = *state;
	char url[] = "https://lists.example/x", path[96];
	snprintf(path, sizeof path, "%s/copy", world->fixture.folder);
	size_t copy = fixture_add_file(&world->fixture, path);
	world->fixture.lists[copy].url = url;
	load(world, false, LATER_US);
	load(world, false, LATER_US);
	assert_int_equal(origin(world), LISTS_MAPPED);
	assert_non_null(strstr(fixture_finding(&world->fixture, 2), "has not been fetched yet"));
	fixture_write_text(path, "copy.example\n");
	load(world, true, LATER_US);
	assert_true(fixture_has(&world->fixture, copy, "copy.example"));
	fixture_write_text(path, "<html>\n");
	load(world, true, LATER_US); /* spoilt: DNS goes on without it, and says so each time */
	load(world, true, LATER_US);
	assert_int_equal(origin(world), LISTS_READ);
	assert_int_equal(world->fixture.diag.warnings, 3);
}

static void check_refused(struct world *world, const char *why)
{
	load(world, false, LATER_US);
	assert_int_equal(origin(world), LISTS_READ);
	assert_int_equal(world->fixture.diag.warnings, 3);
	if (!strstr(fixture_finding(&world->fixture, 0), why))
		fail_msg("\"%s\" does not say \"%s\"", fixture_finding(&world->fixture, 0), why);
	check_names(&world->fixture, 3);
	load(world, false, LATER_US);
	assert_int_equal(origin(world), LISTS_MAPPED); /* it was made anew */
}

static void test_not_ours(void **state)
{
	struct world *world = *state;
	char other[112];
	load(world, false, LATER_US);
	assert_int_equal(chmod(world->cache, 0640), 0);
	check_refused(world, "may be read or written by others");
	assert_int_equal(chmod(world->cache, 0602), 0);
	check_refused(world, "may be read or written by others");
	snprintf(other, sizeof other, "%s.other", world->cache);
	assert_int_equal(rename(world->cache, other), 0);
	assert_int_equal(symlink(other, world->cache), 0);
	check_refused(world, "symbolic link");
	unlink(other);
	if (geteuid() == 0) {
		assert_int_equal(chown(world->cache, 65534, (gid_t)-1), 0);
		check_refused(world, "belongs to somebody else");
	}
	unlink(world->cache);
	assert_int_equal(mkfifo(world->cache, 0600), 0);
	check_refused(world, "is no regular file");
	fixture_write_text(world->cache, "a text\n");
	assert_int_equal(chmod(world->cache, 0600), 0);
	check_refused(world, "too short");
}

static void test_can_not_be_written(void **state)
{
	struct world *world = *state;
	strcpy(world->cache, "/nowhere/lists.cache");
	load(world, false, LATER_US);
	check_names(&world->fixture, 3);
	assert_int_equal(world->fixture.diag.warnings, 3);
	assert_non_null(strstr(fixture_finding(&world->fixture, 2), "can not be written"));
}

/* ---- damage ------------------------------------------------------------------------------- */

struct file {
	uint8_t *bytes; /* aligned as a page is */
	size_t length;
};

static struct file read_file(const char *path)
{
	struct file file;
	struct stat stat_of;
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0 && !fstat(fd, &stat_of));
	file.length = (size_t)stat_of.st_size;
	file.bytes = aligned_alloc(4096, (file.length + 4095) / 4096 * 4096);
	assert_int_equal(read(fd, file.bytes, file.length), file.length);
	close(fd);
	return file;
}

static void write_bytes(const char *path, const void *bytes, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
}

/* Offsets near each other where much is told in few bytes, and some everywhere. */
static size_t step(size_t at, size_t length)
{
	return at < 400 || at + 3000 > length ? 1 : 61;
}

static void test_flipped(void **state)
{
	struct world *world = *state;
	char why[STORE_WHY_MAX];
	struct lists *lists;
	load(world, false, LATER_US);
	struct file file = read_file(world->cache);
	size_t refused = 0;
	for (size_t at = 0; at < file.length; at += step(at, file.length)) {
		file.bytes[at] ^= (uint8_t)(1u << at % 8);
		assert_int_equal(store_read(file.bytes, file.length, &lists, why), PF_EINVAL);
		assert_null(lists);
		file.bytes[at] ^= (uint8_t)(1u << at % 8);
		refused++;
	}
	assert_true(refused > 1000);
	assert_int_equal(store_read(file.bytes, file.length, &lists, why), PF_OK);
	lists_free(&lists);
	/* Some the whole way, over the file and back to the lists themselves. */
	static const size_t some[] = {0, 20, 60, 100, 4096, 5000};
	for (size_t i = 0; i < PF_COUNT(some); i++) {
		file.bytes[some[i]] ^= 0x40;
		write_bytes(world->cache, file.bytes, file.length);
		check_refused(world, some[i] < 16 ? "is something else" : "is ");
		file.bytes[some[i]] ^= 0x40;
	}
	free(file.bytes);
}

static void test_cut(void **state)
{
	struct world *world = *state;
	char why[STORE_WHY_MAX];
	struct lists *lists;
	load(world, false, LATER_US);
	struct file file = read_file(world->cache);
	for (size_t length = 0; length < file.length; length += step(length, file.length)) {
		assert_int_equal(store_read(file.bytes, length, &lists, why), PF_EINVAL);
		assert_null(lists);
	}
	static const size_t some[] = {0, 1, 4095, 4096, 6000};
	for (size_t i = 0; i < PF_COUNT(some); i++) {
		write_bytes(world->cache, file.bytes, some[i]);
		check_refused(world, "is damaged");
	}
	uint8_t *longer = calloc(1, file.length + 1);
	memcpy(longer, file.bytes, file.length);
	write_bytes(world->cache, longer, file.length + 1);
	check_refused(world, "is damaged");
	free(longer);
	free(file.bytes);
}

/* Changed by somebody who makes the checksum right: refused, or harmless to look things up in. */
static void test_forged(void **state)
{
	struct world *world = *state;
	char why[STORE_WHY_MAX];
	load(world, false, LATER_US);
	struct file file = read_file(world->cache);
	size_t refused = 0, taken = 0;
	for (size_t at = 0; at < file.length; at += step(at, file.length)) {
		uint8_t was = file.bytes[at];
		struct lists *lists;
		file.bytes[at] ^= (uint8_t)(at % 3 ? 0x81 : 0xff);
		store_stamp(file.bytes, file.length);
		bool read = store_read(file.bytes, file.length, &lists, why) == PF_OK;
		if (read && (lists->detail_count || list_set_any(&lists->beyond))) {
			lists_free(&lists); /* there is more to read, which gives the forger away */
			refused++;
		} else if (read) {
			struct dns_name name;
			struct list_found found;
			struct list_set set;
			assert_int_equal(dns_name_from_text("x.y.a.example", &name), PF_OK);
			struct list_asked asked = {.name = &name};
			lists_match(lists, NULL, &asked, &set);
			for (size_t i = 0; i < lists_count(lists); i++)
				(void)lists_find(lists, NULL, i, &asked, NULL, &found);
			lists_free(&lists);
			taken++;
		} else {
			refused++;
		}
		file.bytes[at] = was;
	}
	assert_true(refused > 100 && taken > 100);
	free(file.bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_mapped_is_as_read),
		TEST(test_unchanged_is_shared),
		TEST(test_changed_content),
		TEST(test_touched),
		TEST(test_other_lists),
		TEST(test_more_than_names),
		TEST(test_like_before),
		TEST(test_copy_to_come),
		TEST(test_not_ours),
		TEST(test_can_not_be_written),
		TEST(test_flipped),
		TEST(test_cut),
		TEST(test_forged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
