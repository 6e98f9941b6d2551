/* The name index against a naive reference that keeps names and compares each with each, over random
 * names with many shared tails, exceptions and details; and its edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lists/index.h"
#include "lists/name_hash.h"
#include "support/effort.h"

#define ENTRY_COUNT 3000
#define QUESTION_COUNT 1800
#define SEED_COUNT 6

struct reference {
	size_t step; /* between the numbers of the lists that are used */
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
static void draw_name(uint64_t *random, unsigned labels_max, struct dns_name *name)
{
	static const char *const stock[] = {"a", "b", "www", "ads", "example", "com", "cn"};
	char text[100] = "";
	for (unsigned labels = 1 + draw(random, labels_max); labels; labels--) {
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

/* The list's entries cover the same already, with the same detail. */
static bool reference_has(const struct reference *reference, const struct dns_name *name,
                          const struct list_entry *entry)
{
	uint8_t covered = 0;
	for (size_t i = 0; i < reference->count; i++) {
		const struct list_entry *old = &reference->rows[i].entry;
		if (old->list == entry->list && dns_name_equal(&reference->rows[i].name, name) &&
		    old->detail == entry->detail &&
		    (old->covers & LIST_EXCEPTION) == (entry->covers & LIST_EXCEPTION))
			covered |= old->covers;
	}
	return (covered & entry->covers) == entry->covers;
}

/* With many lists few names, so that some stand in most of them. */
static unsigned labels_max(const struct reference *reference)
{
	return reference->step < 85 ? 2 : 5;
}

static void fill(struct list_index *index, struct reference *reference, uint64_t *random)
{
	for (size_t i = 0; i < ENTRY_COUNT; i++) {
		struct dns_name name;
		draw_name(random, labels_max(reference), &name);
		unsigned list = draw(random, (unsigned)((LIST_MAX - 1) / reference->step + 1));
		struct list_entry entry = {(uint16_t)(list * reference->step),
		                           (uint8_t)(1 + draw(random, 3)), 0};
		if (!draw(random, 6))
			entry.covers |= LIST_EXCEPTION;
		if (!draw(random, 8))
			entry.detail = draw(random, 3) ? 1 + draw(random, 4) : UINT32_MAX - draw(random, 2);
		int expected = reference_has(reference, &name, &entry) ? PF_ECONFLICT : PF_OK;
		assert_int_equal(list_index_add(index, &name, &entry), expected);
		if (expected != PF_OK)
			continue;
		reference->rows[reference->count].name = name;
		reference->rows[reference->count++].entry = entry;
	}
	assert_int_equal(list_index_count(index), reference->count);
}

/* Does the list have an entry of this kind with this detail, on the tail of so many labels? */
static bool reference_hit(const struct reference *reference, const struct dns_name *name,
                          const struct list_hit *hit)
{
	for (size_t i = 0; i < reference->count; i++) {
		const struct list_entry *entry = &reference->rows[i].entry;
		if (entry->list == hit->list && reference->rows[i].name.labels == hit->labels &&
		    entry->detail == hit->detail && (entry->covers & ~hit->covers) == 0 &&
		    (entry->covers & LIST_EXCEPTION) == (hit->covers & LIST_EXCEPTION) &&
		    covers(name, &reference->rows[i].name, entry->covers))
			return true;
	}
	return false;
}

/* Every entry of the reference that covers the name is in what the index said. */
static void check_said(const struct reference *reference, const struct list_match *match,
                       const struct dns_name *name)
{
	for (size_t i = 0; i < reference->count; i++) {
		const struct list_entry *entry = &reference->rows[i].entry;
		const struct dns_name *of = &reference->rows[i].name;
		bool exception = entry->covers & LIST_EXCEPTION, said = false;
		if (!covers(name, of, entry->covers))
			continue;
		for (size_t hit = 0; hit < match->hit_count; hit++)
			said |= match->hits[hit].list == entry->list && match->hits[hit].labels == of->labels &&
			        match->hits[hit].detail == entry->detail &&
			        (match->hits[hit].covers & LIST_EXCEPTION) == (entry->covers & LIST_EXCEPTION);
		if (!entry->detail)
			said = list_set_has(exception ? &match->excepted : &match->held, entry->list);
		assert_true(said);
	}
}

/* And nothing else is. */
static void check_nothing_else(const struct reference *reference, const struct list_match *match,
                               const struct dns_name *name)
{
	bool any_excepted = false;
	assert_false(match->hits_cut);
	for (size_t i = 0; i < match->hit_count; i++) {
		assert_true(match->hits[i].detail);
		assert_true(!i || match->hits[i].labels <= match->hits[i - 1].labels);
		assert_true(reference_hit(reference, name, &match->hits[i]));
	}
	for (size_t list = 0; list < LIST_MAX; list++) {
		bool held = false, excepted = false;
		for (unsigned labels = 1; list % reference->step == 0 && labels <= name->labels; labels++) {
			uint8_t wide = LIST_COVERS_SELF | LIST_COVERS_BELOW;
			struct list_hit hit = {0, (uint16_t)list, wide, (uint8_t)labels};
			held |= reference_hit(reference, name, &hit);
			hit.covers |= LIST_EXCEPTION;
			excepted |= reference_hit(reference, name, &hit);
		}
		assert_int_equal(list_set_has(&match->held, list), held);
		assert_int_equal(list_set_has(&match->excepted, list), excepted);
		any_excepted |= excepted;
	}
	assert_int_equal(match->any_excepted, any_excepted);
}

static void check_found(const struct list_index *index, const struct reference *reference,
                        const struct dns_name *name)
{
	struct list_hit hits[LIST_HITS_MAX];
	for (size_t list = 0; list < LIST_MAX; list += reference->step) {
		size_t count = list_index_find(index, list, name, hits);
		unsigned most = 0;
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(hits[i].list, list);
			assert_true(!i || hits[i].labels <= hits[i - 1].labels);
			assert_true(reference_hit(reference, name, &hits[i]));
		}
		for (size_t i = 0; i < reference->count; i++)
			if (reference->rows[i].entry.list == list && reference->rows[i].name.labels > most &&
			    covers(name, &reference->rows[i].name, reference->rows[i].entry.covers))
				most = reference->rows[i].name.labels;
		assert_int_equal(count ? hits[0].labels : 0, most);
	}
}

/* What is told as the only entry that covers the name is the one that the list is found to hold it by. */
static void check_sole(const struct list_index *index, const struct dns_name *name,
                       const struct list_set *held, const struct list_sole *sole)
{
	struct list_hit hits[LIST_HITS_MAX];
	if (!sole->labels)
		return;
	for (size_t list = 0; list < LIST_MAX; list++) {
		if (!list_set_has(held, list))
			continue;
		assert_int_equal(list_index_find(index, list, name, hits), 1);
		assert_int_equal(hits[0].labels, sole->labels);
		assert_int_equal(!(hits[0].covers & LIST_COVERS_SELF), sole->below);
	}
}

static void compare(const struct list_index *index, const struct reference *reference,
                    const struct dns_name *name)
{
	struct list_match match;
	memset(&match, 0xff, sizeof match); /* what was in it must not matter */
	list_index_match(index, name, &match);
	struct list_set held, expected;
	struct list_tails tails;
	struct list_sole sole, again;
	memset(&held, 0xff, sizeof held);
	memset(&expected, 0xff, sizeof expected);
	memset(&tails, 0xff, sizeof tails);
	bool plain = list_index_match_plain(index, name, NULL, &held, &sole);
	if (plain)
		assert_true(!match.hit_count && !match.any_excepted &&
		            !memcmp(&held, &match.held, sizeof held));
	list_index_expect_name(index, name, &tails);
	assert_int_equal(list_index_match_plain(index, name, &tails, &expected, &again), plain);
	assert_true(!plain || !memcmp(&held, &expected, sizeof held));
	if (plain) {
		assert_int_equal(sole.labels, again.labels);
		check_sole(index, name, &held, &sole);
	}
	check_said(reference, &match, name);
	check_nothing_else(reference, &match, name);
	check_found(index, reference, name);
}

/* Each seed twice: filled through a table, and, with a guess of the number of names, without one. */
static void test_like_reference(void **state)
{
	(void)state;
	for (uint64_t turn = 2; turn <= SEED_COUNT + 1; turn++) {
		uint64_t seed = turn / 2, random = seed;
		struct list_index *index =
			list_index_new_for((struct hash_key){seed * 77}, turn % 2 ? 1100 : 0);
		struct reference *reference = calloc(1, sizeof *reference);
		assert_non_null(index);
		assert_non_null(reference);
		reference->step = seed % 2 ? 85 : 5;
		fill(index, reference, &random);
		assert_int_equal(list_index_misjudged(index), reference->step == 5 && turn % 2);
		assert_int_equal(list_index_seal(index), PF_OK);
		for (size_t i = 0; i < effort(QUESTION_COUNT / SEED_COUNT); i++) {
			struct dns_name name;
			draw_name(&random, 5, &name);
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
	struct list_match match;
	struct list_hit hits[LIST_HITS_MAX];
	assert_int_equal(dns_name_from_text("a.example", &name), PF_OK);
	assert_int_equal(dns_name_from_text(".", &root), PF_OK);
	assert_int_equal(list_index_seal(index), PF_OK);
	memset(&match, 0xff, sizeof match);
	list_index_match(index, &name, &match);
	for (size_t i = 0; i < PF_COUNT(match.held.words); i++)
		assert_true(!match.held.words[i] && !match.excepted.words[i]);
	assert_int_equal(match.hit_count, 0);
	assert_false(match.any_excepted || match.hits_cut);
	assert_int_equal(list_index_find(index, 0, &name, hits), 0);
	list_index_match(index, &root, &match);
	assert_int_equal(list_index_find(index, 0, &root, hits), 0);
	list_index_free(&index);
}

/* 127 labels, and entries at each of them in the 256 lists: two with a detail in half of them. */
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
		struct list_entry entry = {(uint16_t)list, LIST_COVERS_SELF | LIST_COVERS_BELOW,
		                           list < 127 ? 0 : list};
		assert_int_equal(list_index_add(index, &part, &entry), PF_OK);
		entry.detail += 1000;
		for (unsigned more = 0; list >= 127 && more < 2; more++, entry.detail += 1000)
			assert_int_equal(list_index_add(index, &part, &entry), PF_OK);
	}
	assert_int_equal(list_index_seal(index), PF_OK);
	struct list_match match;
	list_index_match(index, &name, &match);
	assert_true(match.hits_cut);
	assert_int_equal(match.hit_count, LIST_HITS_MAX);
	for (unsigned i = 0; i < LIST_HITS_MAX; i++)
		assert_int_equal(match.hits[i].labels, 127 - i / 3);
	for (unsigned list = 0; list < LIST_MAX; list++) {
		struct list_hit hits[LIST_HITS_MAX];
		assert_int_equal(list_set_has(&match.held, list), list < 127);
		assert_int_equal(list_index_find(index, list, &name, hits), list < 127 ? 1 : 3);
		assert_int_equal(hits[0].labels, 1 + list % 127);
		assert_int_equal(hits[0].detail % 1000, list < 127 ? 0 : list);
	}
	list_index_free(&index);
}

/* One name in all lists; growing and sealing keep it whole. */
/* One key in fifty fills some bucket of so small an index, which is then made anew: here the key is always the same one. */
static const struct hash_key fixed_key = {11};

static void shared_name(size_t name_count)
{
	struct list_index *index = list_index_new_for(fixed_key, name_count);
	struct dns_name name, other;
	struct list_match match;
	assert_int_equal(dns_name_from_text("shared.example", &name), PF_OK);
	for (unsigned list = 0; list < LIST_MAX; list++) {
		const struct list_entry entry = {(uint16_t)list, LIST_COVERS_SELF, 0};
		assert_int_equal(list_index_add(index, &name, &entry), PF_OK);
		assert_int_equal(list_index_add(index, &name, &entry), PF_ECONFLICT);
	}
	for (unsigned i = 0; i < 5000; i++) {
		char text[40];
		const struct list_entry entry = {7, LIST_COVERS_SELF, 0};
		snprintf(text, sizeof text, "n%u.example", i);
		assert_int_equal(dns_name_from_text(text, &other), PF_OK);
		assert_int_equal(list_index_add(index, &other, &entry), PF_OK);
	}
	assert_int_equal(list_index_seal(index), PF_OK);
	list_index_match(index, &name, &match);
	for (size_t i = 0; i < PF_COUNT(match.held.words); i++)
		assert_true(match.held.words[i] == UINT64_MAX);
	struct list_set held;
	struct list_sole sole;
	bool few = list_index_match_plain(index, &other, NULL, &held, &sole);
	assert_true(few && list_set_has(&held, 7) && sole.labels == 2 && !sole.below);
	assert_true(list_index_bytes(index) < (size_t)5256 * 10);
	assert_int_equal(list_index_names(index), 5001);
	list_index_free(&index);
}

static void test_shared_name(void **state)
{
	(void)state;
	shared_name(0);
	shared_name(5001);
	shared_name(4800);
}

/* The hash of a name is that of its labels from the last to the first; it hangs on every byte and on where labels end, and on nothing
 * that stands behind the name. */
static void test_name_hash(void **state)
{
	(void)state;
	const struct name_key key = name_key_of((struct hash_key){11});
	struct dns_name name = {.length = 1, .wire = {0}};
	uint64_t hash = key.second, before[64];
	uint8_t wire[NAME_WIRE_MAX + NAME_HASH_WORD];
	size_t count = 0;
	/* labels of 1, 2, 3 … bytes, put in front one by one up to 253 bytes in all, so also of 15, 16 and 17 */
	for (size_t bytes = 1; name.length + bytes + 1 <= NAME_WIRE_MAX; bytes++) {
		memmove(name.wire + bytes + 1, name.wire, name.length);
		name.wire[0] = (uint8_t)bytes;
		memset(name.wire + 1, 'a', bytes);
		name.length = (uint8_t)(name.length + bytes + 1);
		name.labels++;
		memset(wire, (int)bytes, sizeof wire);
		memcpy(wire, name.wire, name.length);
		hash = name_hash_label(&key, hash, wire);
		memset(name.wire + name.length, 0xaa, NAME_WIRE_MAX - name.length);
		assert_true(name_hash(&key, &name) == hash);
		for (size_t i = 0; i < count; i++)
			assert_true(before[i] != hash);
		before[count++] = hash;
		struct dns_name other = name;
		for (size_t i = 1; i <= bytes; i++) {
			other.wire[i] ^= 1;
			assert_true(name_hash(&key, &other) != hash);
			other.wire[i] ^= 1;
		}
	}
	static const char *const alike[] = {"a.bc", "ab.c", "abc", "a.b.c", "c.ab", "bc.a"};
	uint64_t hashes[PF_COUNT(alike)];
	for (size_t i = 0; i < PF_COUNT(alike); i++) {
		assert_int_equal(dns_name_from_text(alike[i], &name), PF_OK);
		hashes[i] = name_hash(&key, &name);
		for (size_t j = 0; j < i; j++)
			assert_true(hashes[i] != hashes[j]);
	}
}

/* A guess that was wrong is known as such. */
static void test_guesses(void **state)
{
	(void)state;
	static const struct {
		size_t guess, count;
		bool misjudged;
	} cases[] = {{0, 5000, false},    {1023, 9000, false}, {5000, 5000, false}, {5000, 5400, false},
	             {6000, 5000, false}, {9000, 5000, true},  {2000, 5000, true}};
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct list_index *index = list_index_new_for(fixed_key, cases[i].guess);
		for (unsigned n = 0; n < cases[i].count; n++) {
			char text[40];
			struct dns_name name;
			const struct list_entry entry = {7, LIST_COVERS_SELF, 0};
			snprintf(text, sizeof text, "n%u.example", n);
			assert_int_equal(dns_name_from_text(text, &name), PF_OK);
			assert_int_equal(list_index_add(index, &name, &entry), PF_OK);
		}
		assert_int_equal(list_index_misjudged(index), cases[i].misjudged);
		list_index_free(&index);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_reference), cmocka_unit_test(test_empty),
		cmocka_unit_test(test_deepest),        cmocka_unit_test(test_shared_name),
		cmocka_unit_test(test_guesses),        cmocka_unit_test(test_name_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
