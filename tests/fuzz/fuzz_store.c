/* Fuzzes the reader of the lists' cache file: a good file, made once, is changed as the input says and stamped as right;
 * what is taken all the same must be harmless to look names up in. The file depends on the build, which is why the
 * corpus holds changes and not files: the first two bytes say how many bytes are cut from the end (0 mostly), then each four
 * are an offset, what is done there, and a byte. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lists/state.h"

#define LIST_COUNT 30 /* enough that a name in all of them has a group of bitmaps */
#define FILE_BYTES_MAX ((size_t)1 << 20)

struct base {
	uint8_t *bytes; /* aligned to a page */
	size_t length;
};

static void demand(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_store: %s\n", what);
	abort();
}

static void write_lists(const char *folder, struct config_list *lists, char paths[LIST_COUNT][64])
{
	for (size_t i = 0; i < LIST_COUNT; i++) {
		snprintf(paths[i], 64, "%s/%zu", folder, i);
		FILE *file = fopen(paths[i], "w");
		demand(file, "a list can not be written");
		fprintf(file, "all.example\n*.below.example\nn%zu.example\n@@||x.n%zu.example^\n..\n", i,
		        i / 2);
		fclose(file);
		lists[i] =
			(struct config_list){.name = paths[i], .file = paths[i], .pos = {(unsigned)i, 1}};
	}
}

static struct base make_base(void)
{
	struct base base = {aligned_alloc(4096, FILE_BYTES_MAX), 0};
	char folder[] = "/tmp/fuzz_store.XXXXXX", cache[64], name[] = "x", paths[LIST_COUNT][64];
	struct config_list entries[LIST_COUNT];
	struct config config = {.file = name, .lists = entries, .list_count = LIST_COUNT};
	struct lists *lists = NULL;
	struct diag diag;
	demand(base.bytes && mkdtemp(folder), "there is no folder");
	snprintf(cache, sizeof cache, "%s/cache", folder);
	write_lists(folder, entries, paths);
	const struct lists_keep keep = {NULL, cache, INT64_MAX};
	diag_init(&diag);
	demand(lists_load_kept(&config, &keep, &diag, &lists) == PF_OK, "the lists do not load");
	lists_free(&lists);
	diag_deinit(&diag);
	FILE *file = fopen(cache, "r");
	demand(file, "there is no cache file");
	base.length = fread(base.bytes, 1, FILE_BYTES_MAX, file);
	fclose(file);
	for (size_t i = 0; i < LIST_COUNT; i++)
		unlink(paths[i]);
	unlink(cache);
	rmdir(folder);
	return base;
}

static void look_up(const struct lists *lists)
{
	static const char *const names[] = {"all.example",  "x.all.example", "a.below.example",
	                                    "x.n3.example", "none.example",  "a.b.c.d.e.n7.example"};
	for (size_t i = 0; i < PF_COUNT(names); i++) {
		struct dns_name name;
		const struct list_asked asked = {.name = &name, .type = 1};
		struct list_found found;
		struct list_set set;
		demand(dns_name_from_text(names[i], &name) == PF_OK, "a name");
		lists_match(lists, NULL, &asked, &set);
		for (size_t list = 0; list < LIST_MAX; list++) {
			bool held = list_set_has(&set, list);
			demand(!held || list < lists_count(lists), "a list that is not there holds a name");
			if (list < lists_count(lists))
				demand(lists_find(lists, NULL, list, &asked, NULL, &found) == held,
				       "match and find differ");
		}
	}
	for (size_t i = 0; i < lists_count(lists); i++)
		demand(lists_info(lists, i)->name && lists_info(lists, i)->file, "a list has no name");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct base base; /* made by the first input; constant from then on */
	static uint8_t *bytes;
	char why[STORE_WHY_MAX];
	struct lists *lists;
	if (!base.bytes) {
		base = make_base();
		bytes = aligned_alloc(4096, FILE_BYTES_MAX);
		demand(bytes, "no memory");
	}
	if (size < 2)
		return 0;
	size_t cut = (size_t)(data[0] | data[1] << 8), length = base.length;
	memcpy(bytes, base.bytes, base.length);
	for (size_t at = 2; at + 4 <= size; at += 4) {
		size_t offset = (size_t)(data[at] | data[at + 1] << 8) % length;
		bytes[offset] = data[at + 2] & 1 ? bytes[offset] ^ data[at + 3] : data[at + 3];
	}
	length -= cut < length ? cut : length;
	if (length >= STORE_HEADER_BYTES)
		store_stamp(bytes, length);
	if (store_read(bytes, length, &lists, why) == PF_OK) {
		if (!lists->detail_count && !list_set_any(&lists->beyond))
			look_up(lists); /* else there is more to read first, which gives the forger away */
		lists_free(&lists);
	} else {
		demand(size > 2 || cut, "the file that nobody changed is refused");
	}
	return 0;
}
