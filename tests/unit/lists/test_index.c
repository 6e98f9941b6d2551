/* The name index against a naive reference that keeps names and compares each with each, over random
 * names with many shared tails; and its edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lists/index.h"

#define ENTRY_COUNT 3000
#define QUESTION_COUNT 5000
#define SEED_COUNT 6

struct reference {
	size_t count;
	struct {
		struct dns_name name;
		struct list_entry entry;
	} rows[ENTRY_COUNT];
};

static unsigned draw(uint64_t *state, unsigned below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*state >> 33) % below;
}

/* Up to five labels from a small stock, so that names meet each other's tails. */
static void draw_name(uint64_t *random, struct dns_name *name)
{
	static const char *const stock[] = {"a", "b", "www", "ads", "example", "com", "cn"};
	char text[100] = "";
	for (unsigned labels = 1 + draw(random, 5); labels; labels--) {
		strcat(text, stock[draw(random, 7)]);
		strcat(text, ".");
	}
	assert_int_equal(dns_name_from_text(text, name), PF_OK);
}

static bool covers(const struct dns_name *name, const struct dns_name *entry, uint8_t what)
{
	if (dns_name_equal(name, entry))
		return what & LIST_COVERS_SELF;
	return (what & LIST_COVERS_BELOW) && dns_name_is_under(name, entry);
}

/* What the contract says, word by word. */
static bool reference_holds(const struct reference *reference, size_t list,
                            const struct dns_name *name, unsigned *line, unsigned *labels)
{
	bool held = false;
	for (size_t i = 0; i < reference->count; i++) {
		const struct list_entry *entry = &reference->rows[i].entry;
		const struct dns_name *of = &reference->rows[i].name;
		if (entry->list != list || !covers(name, of, entry->covers))
			continue;
		if (entry->covers & LIST_EXCEPTION)
			return false;
		if (!held || of->labels > *labels || (of->labels == *labels && entry->line < *line)) {
			*line = entry->line;
			*labels = of->labels;
		}
		held = true;
	}
	return held;
}

/* The list has an entry already that covers the same. */
static bool reference_has(const struct reference *reference, const struct dns_name *name,
                          const struct list_entry *entry)
{
	for (size_t i = 0; i < reference->count; i++) {
		const struct list_entry *old = &reference->rows[i].entry;
		if (old->list == entry->list && dns_name_equal(&reference->rows[i].name, name) &&
		    (old->covers & LIST_EXCEPTION) == (entry->covers & LIST_EXCEPTION) &&
		    (old->covers & entry->covers) == entry->covers)
			return true;
	}
	return false;
}

static void fill(struct list_index *index, struct reference *reference, uint64_t *random)
{
	for (unsigned line = 1; line <= ENTRY_COUNT; line++) {
		struct dns_name name;
		draw_name(random, &name);
		struct list_entry entry = {(uint16_t)(draw(random, 4) * 85), (uint8_t)(1 + draw(random, 3)),
		                           line};
		if (!draw(random, 6))
			entry.covers |= LIST_EXCEPTION;
		int expected = reference_has(reference, &name, &entry) ? PF_ECONFLICT : PF_OK;
		assert_int_equal(list_index_add(index, &name, &entry), expected);
		if (expected != PF_OK)
			continue;
		reference->rows[reference->count].name = name;
		reference->rows[reference->count++].entry = entry;
	}
	assert_int_equal(list_index_count(index), reference->count);
}

static void compare(const struct list_index *index, const struct reference *reference,
                    const struct dns_name *name)
{
	struct list_set set;
	memset(&set, 0xff, sizeof set); /* what was in it must not matter */
	list_index_match(index, name, &set);
	for (size_t list = 0; list < LIST_MAX; list++) {
		unsigned line = 0, labels = 0, found_labels = 0;
		bool held = list % 85 == 0 && reference_holds(reference, list, name, &line, &labels);
		assert_int_equal(list_set_has(&set, list), held);
		if (list % 85)
			continue;
		assert_int_equal(list_index_find(index, list, name, &found_labels), held ? line : 0);
		if (held)
			assert_int_equal(found_labels, labels);
	}
}

static void test_like_reference(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
		uint64_t random = seed;
		struct list_index *index = list_index_new((struct hash_key){seed * 77});
		struct reference *reference = calloc(1, sizeof *reference);
		assert_non_null(index);
		assert_non_null(reference);
		fill(index, reference, &random);
		for (size_t i = 0; i < QUESTION_COUNT / SEED_COUNT; i++) {
			struct dns_name name;
			draw_name(&random, &name);
			if (i == QUESTION_COUNT / SEED_COUNT / 2)
				list_index_seal(index);
			compare(index, reference, &name);
		}
		free(reference);
		list_index_free(&index);
		assert_null(index);
	}
}

static void test_empty(void **state)
{
	(void)state;
	struct list_index *index = list_index_new(hash_key_random());
	struct dns_name name, root;
	struct list_set set;
	unsigned labels;
	assert_int_equal(dns_name_from_text("a.example", &name), PF_OK);
	assert_int_equal(dns_name_from_text(".", &root), PF_OK);
	for (int sealed = 0; sealed < 2; sealed++) {
		memset(&set, 0xff, sizeof set);
		list_index_match(index, &name, &set);
		assert_int_equal(set.words[0] | set.words[1] | set.words[2] | set.words[3], 0);
		assert_int_equal(list_index_find(index, 0, &name, &labels), 0);
		list_index_match(index, &root, &set);
		assert_int_equal(list_index_find(index, 0, &root, &labels), 0);
		list_index_seal(index);
	}
	list_index_free(&index);
}

/* 127 labels, and an entry at each of them in each of the 256 lists. */
static void test_deepest(void **state)
{
	(void)state;
	struct list_index *index = list_index_new(hash_key_random());
	struct dns_name name = {.length = 255, .labels = 127}, part;
	for (size_t i = 0; i < 127; i++) {
		name.wire[i * 2] = 1;
		name.wire[i * 2 + 1] = (uint8_t)('a' + i % 26);
	}
	name.wire[254] = 0;
	for (unsigned list = 0; list < LIST_MAX; list++) {
		unsigned labels = 1 + list % 127;
		part.labels = (uint8_t)labels;
		part.length = (uint8_t)(labels * 2 + 1);
		memcpy(part.wire, name.wire + 255 - part.length, part.length);
		const struct list_entry entry = {(uint16_t)list, LIST_COVERS_SELF | LIST_COVERS_BELOW,
		                                 list + 1};
		assert_int_equal(list_index_add(index, &part, &entry), PF_OK);
	}
	struct list_set set;
	list_index_match(index, &name, &set);
	for (unsigned list = 0; list < LIST_MAX; list++) {
		unsigned labels = 0;
		assert_true(list_set_has(&set, list));
		assert_int_equal(list_index_find(index, list, &name, &labels), list + 1);
		assert_int_equal(labels, 1 + list % 127);
	}
	list_index_free(&index);
}

/* One name in all lists is a chain of 256 entries; growing and sealing keep it whole. */
static void test_shared_name(void **state)
{
	(void)state;
	struct list_index *index = list_index_new(hash_key_random());
	struct dns_name name, other;
	struct list_set set;
	assert_int_equal(dns_name_from_text("shared.example", &name), PF_OK);
	for (unsigned list = 0; list < LIST_MAX; list++) {
		const struct list_entry entry = {(uint16_t)list, LIST_COVERS_SELF, 1};
		assert_int_equal(list_index_add(index, &name, &entry), PF_OK);
		assert_int_equal(list_index_add(index, &name, &entry), PF_ECONFLICT);
	}
	for (unsigned i = 0; i < 5000; i++) {
		char text[40];
		const struct list_entry entry = {7, LIST_COVERS_SELF, 2};
		snprintf(text, sizeof text, "n%u.example", i);
		assert_int_equal(dns_name_from_text(text, &other), PF_OK);
		assert_int_equal(list_index_add(index, &other, &entry), PF_OK);
	}
	list_index_seal(index);
	list_index_match(index, &name, &set);
	for (size_t i = 0; i < PF_COUNT(set.words); i++)
		assert_true(set.words[i] == UINT64_MAX);
	assert_true(list_index_bytes(index) < (size_t)(5256 * 16 * 10 / 6 + 200));
	list_index_free(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_reference),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_deepest),
		cmocka_unit_test(test_shared_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
