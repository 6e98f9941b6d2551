/* Regular expressions: what each form means, the same as vectorscan says; many at once say what each says alone; and what was
 * compiled is not compiled again. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "match/expression.h"
#include "match/regex.h"
#include "match/vectorscan.h"

#define EXPRESSION_COUNT 16
#define TEXT_COUNT 40
#define TEXT_BYTES_MAX 60

static unsigned told;

static void count_told(void *data, size_t place, const char *message)
{
	(void)data;
	(void)place;
	assert_non_null(message);
	told++;
}

static const struct regex_teller teller = {count_told, NULL};

static uint64_t draw(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* ---- what is read here --------------------------------------------------------------------- */

/* An expression by itself. */
struct alone {
	struct regex_set *set;
	struct regex_scratch *scratch;
};

static void alone_init(struct alone *alone, const char *expression)
{
	alone->scratch = NULL;
	assert_int_equal(regex_set_new(&expression, 1, &teller, NULL, &alone->set), PF_OK);
	assert_int_equal(regex_scratch_prepare(&alone->scratch, alone->set), PF_OK);
}

static void alone_deinit(struct alone *alone)
{
	regex_scratch_free(&alone->scratch);
	regex_set_free(&alone->set);
}

static void test_forms(void **state)
{
	(void)state;
	static const struct {
		const char *expression, *yes,
			*no; /* texts, divided by blanks; "-" stands for the empty one */
	} rows[] = {
		{"ads", "ads my-ads.example adsl ADS", "a.d.s ad"},
		{"ADS", "ads", "ad"},
		{"^ads", "ads.example adsl", "my.ads"},
		{"ads$", "ads my-ads", "ads.example"},
		{"^ads$", "ads", "adsl my-ads"},
		{"(^|\\.)ads\\.example$", "ads.example x.ads.example",
	     "xads.example ads-example ads.example.com"},
		{"(\\.|^)tv$", "tv a.tv", "xtv tv.a"},
		{"^api\\..*\\.hismarttv\\.com$", "api.a.hismarttv.com api.a.b.hismarttv.com",
	     "api.hismarttv.com"},
		{"^[a-rt-z][a-z]{3,4}$", "abcd abcde", "sbcd abc abcdef ab-d"},
		{"^ad[sxv]?[0-9]*\\.", "ad.x ads.x adx12.x", "adq.x add"},
		{"^(ad|track)(s|er)?[_.-]", "ad.x tracker-1 ads_", "adx. trackers"},
		{"a{3}", "aaa xaaaa", "aa"},
		{"^a{2,}$", "aa aaaaa", "a"},
		{"^a{0,2}b$", "b ab aab", "aaab"},
		{"^(ab){1,3}$", "ab abab ababab", "- abababab aba"},
		{"^(a?b?){2}$", "- a b ab abab ba", "abc aba."},
		{"^(a*)*$", "- aaa", "b"},
		{"[^a-y.]", "z 1 a1", "abc x.y"},
		{"[]x]", "] x", "a ["},
		{"[a\\-z]", "- a z", "b"},
		{"[[:digit:]_]", "a1 _", "abc"},
		{"\\d\\w\\.", "1a. x22.", "a1. 1.a"},
		{"^\\D+$", "abc", "ab1"},
		{"colou?r|grey", "color colour grey", "colr gray"},
		{"", "- a", ""},
		{"a*", "- b", ""},
		{"$", "- a", ""},
		{"^$", "-", "a"},
		{"x$|^y", "x ax y ya", "xa ay"},
		{"a^b", "", "ab a^b"},
		{"(?:ab)+?c", "abc ababc", "ac"},
		{"(?i)AbC", "abc", "ab"},
		{"a.c", "abc a.c", "ac"},
	};
	for (size_t i = 0; i < PF_COUNT(rows); i++) {
		struct alone alone;
		struct expression read;
		if (!expression_read(&read, rows[i].expression))
			fail_msg("`%s` is not read", rows[i].expression);
		alone_init(&alone, rows[i].expression);
		for (int yes = 0; yes < 2; yes++) {
			char words[200];
			snprintf(words, sizeof words, "%s", yes ? rows[i].yes : rows[i].no);
			for (char *at = words, *word; (word = strtok_r(at, " ", &at));) {
				/* The empty text, but for the expressions that are about hyphens. */
				const char *text =
					strcmp(word, "-") || strstr(rows[i].expression, "\\-") ? word : "";
				if (regex_set_match(alone.set, alone.scratch, text, strlen(text)) != yes - 1)
					fail_msg("`%s` and `%s`", rows[i].expression, text);
			}
		}
		alone_deinit(&alone);
	}
}

/* What is written oddly, and what PCRE understands otherwise than a consuming automaton could, is not read here. */
static void test_left_alone(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"a(b",
		"[z",
		"a)",
		"(x)\\1",
		"a(?=b)",
		"\\bads\\b",
		"a**",
		"a{2}{3}",
		"*a",
		"a++",
		"[a-\\d]",
		"[z-a]",
		"\\x41",
		"(?i:a)",
		"(?#x)a",
		"a{3,2}",
		"a{",
		"[[.a.]]",
		"^^a",
		"(^)+a",
		"a$$",
		"\\",
		"[\\",
		"[a\\",
		"(*UTF8)",
		"a{0}",
		"\\Qa\\E",
		"((((((((((((((((((a))))))))))))))))))",
		"(a{100}){100}",
		"(((){250}){250}){250}",
		"(a{0,250}){2}",
		"[[:word:]]",
		"\xc3\xa9",
		"a\x01",
	};
	for (size_t i = 0; i < PF_COUNT(rows); i++) {
		struct expression read;
		if (expression_read(&read, rows[i]))
			fail_msg("`%s` is read", rows[i]);
	}
}

static void test_needles(void **state)
{
	(void)state;
	static const struct {
		const char *expression, *needles; /* < and > are begin and end */
	} rows[] = {
		{"ads", "ads"},
		{"^ads$", "<ads>"},
		{"(^|\\.)ads\\.example$", "ads.example>"},
		{"^api\\..*\\.hismarttv\\.com$", ".hismarttv.com>"},
		{"(doubleclick|track)[0-9]", "doubleclick track"},
		{"(doubleclick|[0-9])", ""},
		{"a?", ""},
		{"tra(ck)?ing\\.", "ing."},
		{"(ab){3}", "ababab"},
		{"tracka+", "track"},
		{"^[a-z]{10}$", "<"},
		{"01234567890123456789012345678901234567890123456789-x",
	     "012345678901234567890123456789012345678901234567"},
	};
	for (size_t i = 0; i < PF_COUNT(rows); i++) {
		struct expression read;
		char text[600] = "";
		size_t used = 0;
		assert_true(expression_read(&read, rows[i].expression));
		for (unsigned n = 0; n < read.needles.count; n++) {
			const struct needle *needle = &read.needles.list[n];
			used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s", n ? " " : "",
			                         needle->length, needle->bytes);
		}
		for (char *at = text; *at; at++)
			*at = *at == TEXT_BEGIN ? '<' : *at == TEXT_END ? '>' : *at;
		assert_string_equal(text, rows[i].needles);
	}
}

/* ---- the same as vectorscan ---------------------------------------------------------------- */

struct writer {
	uint64_t random;
	size_t length;
	char text[400];
};

static void put(struct writer *writer, const char *text)
{
	size_t length = strlen(text);
	if (writer->length + length < sizeof writer->text)
		memcpy(writer->text + writer->length, text, length + 1);
	writer->length += length;
}

static void write_expression(struct writer *writer, unsigned depth);

static void write_atom(struct writer *writer, unsigned depth)
{
	static const char *const atoms[] = {"a", "b",  "\\.", "[ab]", "[^a]",
	                                    ".", "ab", "ba",  "c",    "\\d"};
	static const char *const repeats[] = {"*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "+?"};
	if (depth && draw(&writer->random) % 4 == 0) {
		put(writer, draw(&writer->random) % 2 ? "(" : "(?:");
		write_expression(writer, depth - 1);
		put(writer, ")");
	} else {
		put(writer, atoms[draw(&writer->random) % PF_COUNT(atoms)]);
	}
	if (draw(&writer->random) % 4 == 0)
		put(writer, repeats[draw(&writer->random) % PF_COUNT(repeats)]);
}

static void write_expression(struct writer *writer, unsigned depth)
{
	for (bool more = true; more; more = draw(&writer->random) % 4 == 0) {
		if (writer->length && strchr("(|", writer->text[writer->length - 1]) == NULL)
			put(writer, "|");
		if (draw(&writer->random) % 6 == 0)
			put(writer, "^");
		for (uint64_t i = draw(&writer->random) % 4 + (depth > 1); i; i--)
			write_atom(writer, depth);
		if (draw(&writer->random) % 6 == 0)
			put(writer, "$");
	}
}

/* What was found, a bit for each expression. */
struct found {
	bool by[EXPRESSION_COUNT];
};

static void take_found(void *data, size_t place)
{
	struct found *found = data;
	assert_true(place < EXPRESSION_COUNT);
	assert_false(found->by[place]); /* each once */
	found->by[place] = true;
}

struct drawn {
	char texts[EXPRESSION_COUNT][400];
	const char *list[EXPRESSION_COUNT];
	struct bases_text bases[EXPRESSION_COUNT];
};

static void draw_expressions(struct drawn *drawn, uint64_t seed, unsigned depth)
{
	struct writer writer = {.random = seed};
	struct expression read;
	for (uint32_t i = 0; i < EXPRESSION_COUNT;) {
		writer.length = 0;
		writer.text[0] = '\0';
		write_expression(&writer, depth);
		if (writer.length >= sizeof writer.text || !expression_read(&read, writer.text) ||
		    (regex_built_in() && !bases_readable(writer.text)))
			continue; /* vectorscan takes no anchor inside of an expression */
		memcpy(drawn->texts[i], writer.text, sizeof writer.text);
		drawn->list[i] = drawn->texts[i];
		drawn->bases[i] = (struct bases_text){drawn->texts[i], i};
		i++;
	}
}

static size_t draw_text(uint64_t *random, char text[TEXT_BYTES_MAX])
{
	static const char letters[] = "aaabbc.1";
	size_t length = draw(random) % 12 + (draw(random) % 4 ? 0 : 40);
	for (size_t i = 0; i < length; i++)
		text[i] = letters[draw(random) % (sizeof letters - 1)];
	text[length] = '\0';
	return length;
}

static void check_same(struct drawn *drawn, uint64_t seed)
{
	struct bases *bases = NULL;
	struct regex_set *set;
	struct alone alone[EXPRESSION_COUNT];
	struct regex_scratch *scratch = NULL;
	void *bases_scratch = NULL;
	assert_int_equal(regex_set_new(drawn->list, EXPRESSION_COUNT, &teller, NULL, &set), PF_OK);
	assert_int_equal(regex_scratch_prepare(&scratch, set), PF_OK);
	if (regex_built_in())
		assert_int_equal(bases_new(drawn->bases, EXPRESSION_COUNT, &teller, NULL, &bases), PF_OK);
	assert_int_equal(bases_scratch_prepare(&bases_scratch, bases), PF_OK);
	for (size_t i = 0; i < EXPRESSION_COUNT && !bases; i++)
		alone_init(&alone[i], drawn->list[i]);
	unsigned matched = 0;
	for (size_t t = 0; t < TEXT_COUNT; t++) {
		char text[TEXT_BYTES_MAX];
		size_t length = draw_text(&seed, text);
		struct found together = {{false}}, apart = {{false}};
		regex_set_scan(set, scratch, text, length, take_found, &together);
		bases_scan(bases, bases_scratch, text, length, take_found, &apart);
		for (size_t i = 0; i < EXPRESSION_COUNT; i++) {
			if (!bases)
				apart.by[i] = !regex_set_match(alone[i].set, alone[i].scratch, text, length);
			if (together.by[i] != apart.by[i])
				fail_msg("`%s` on `%s`: %d, %d", drawn->list[i], text, together.by[i], apart.by[i]);
			matched += together.by[i];
		}
	}
	assert_in_range(matched, TEXT_COUNT, TEXT_COUNT * EXPRESSION_COUNT - TEXT_COUNT);
	for (size_t i = 0; i < EXPRESSION_COUNT && !bases; i++)
		alone_deinit(&alone[i]);
	bases_scratch_free(bases_scratch);
	bases_free(&bases);
	regex_scratch_free(&scratch);
	regex_set_free(&set);
}

/* Expressions as nobody would write them: in a build with vectorscan its word counts, else that of each alone. */
static void test_equivalence(void **state)
{
	(void)state;
	struct drawn *drawn = calloc(1, sizeof *drawn);
	assert_non_null(drawn);
	for (uint64_t seed = 1; seed <= 2; seed++) {
		draw_expressions(drawn, seed, (unsigned)seed);
		check_same(drawn, seed);
	}
	free(drawn);
}

/* ---- many at once -------------------------------------------------------------------------- */

#define MANY_COUNT 800

/* Each name of the form is found by its own expression, and by no other. */
static void test_many(void **state)
{
	(void)state;
	static const char *const forms[] = {"(^|\\.)ads%u\\.example$", "^track[0-9]*\\.site%u\\.net$",
	                                    "pixel-%u-(eu|us)\\.", "^m%uq.*stats"};
	static const char *const names[] = {"x.ads%u.example", "track77.site%u.net",
	                                    "a.pixel-%u-eu.example", "m%uq.a.stats.example"};
	char(*texts)[40] = calloc(MANY_COUNT, sizeof *texts);
	const char **list = calloc(MANY_COUNT, sizeof *list);
	struct regex_set *set;
	struct regex_scratch *scratch = NULL;
	assert_true(texts && list);
	for (unsigned i = 0; i < MANY_COUNT; i++) {
		snprintf(texts[i], sizeof *texts, forms[i % 4], i);
		list[i] = i % 7 ? texts[i] : NULL;
	}
	assert_int_equal(regex_set_new(list, MANY_COUNT, &teller, NULL, &set), PF_OK);
	assert_int_equal(regex_set_pieces(set), 0); /* the sieve has taken all */
	assert_true(regex_set_bytes(set) / MANY_COUNT < 600);
	assert_int_equal(regex_scratch_prepare(&scratch, set), PF_OK);
	for (unsigned i = 0; i < MANY_COUNT; i++) {
		char name[60];
		int length = snprintf(name, sizeof name, names[i % 4], i);
		assert_int_equal(regex_set_match(set, scratch, name, (size_t)length), i % 7 ? (int)i : -1);
		name[length - 1]++; /* "x.ads5.examplf", and the like */
		if (i % 4 < 2)
			assert_int_equal(regex_set_match(set, scratch, name, (size_t)length), -1);
	}
	regex_scratch_free(&scratch);
	regex_set_free(&set);
	free(texts);
	free(list);
}

/* More expressions have the same text than may share it: they are matched otherwise, or told. */
static void test_crowd(void **state)
{
	(void)state;
	char texts[40][40];
	const char *list[40];
	struct regex_set *set;
	struct regex_scratch *scratch = NULL, *copy;
	for (unsigned i = 0; i < 40; i++) {
		snprintf(texts[i], sizeof *texts, "^[a-z]{%u}\\.example$", i + 1);
		list[i] = texts[i];
	}
	assert_int_equal(regex_set_new(list, 40, &teller, NULL, &set), PF_OK);
	assert_int_equal(regex_set_pieces(set), regex_built_in());
	assert_int_equal(regex_scratch_prepare(&scratch, set), PF_OK);
	copy = regex_scratch_copy(scratch);
	assert_non_null(copy);
	for (unsigned i = 0; i < 40; i++) {
		char name[60];
		memset(name, 'a', i + 1);
		strcpy(name + i + 1, ".example");
		assert_int_equal(regex_set_match(set, i % 2 ? scratch : copy, name, strlen(name)), (int)i);
	}
	regex_scratch_free(&copy);
	regex_scratch_free(&scratch);
	regex_set_free(&set);
}

/* A text with the bytes that stand around texts, and one that is too long, are texts like any other. */
static void test_odd_texts(void **state)
{
	(void)state;
	static const char *const list[] = {"^ads\\.example", "[^x]ads"};
	static char longest[REGEX_TEXT_MAX + 1];
	struct regex_set *set;
	struct regex_scratch *scratch = NULL;
	assert_int_equal(regex_set_new(list, 2, &teller, NULL, &set), PF_OK);
	assert_int_equal(regex_scratch_prepare(&scratch, set), PF_OK);
	assert_int_equal(regex_set_match(set, scratch,
	                                 "\x01"
	                                 "ads.example",
	                                 12),
	                 1);
	assert_int_equal(regex_set_match(set, NULL, "ads.example", 11), -1);
	memset(longest, 'a', sizeof longest);
	memcpy(longest + REGEX_TEXT_MAX - 5, ".ads.", 5);
	assert_int_equal(regex_set_match(set, scratch, longest, REGEX_TEXT_MAX), 1);
	assert_int_equal(regex_set_match(set, scratch, longest, REGEX_TEXT_MAX + 1), -1);
	regex_scratch_free(&scratch);
	regex_set_free(&set);
}

/* ---- what need not be compiled again ------------------------------------------------------- */

#define HARD "^[a-z]{10,14}$", "\\bads\\b", "(^|[.-])[0-9]{2,3}x", "^(a|b)+c?$"
#define HARD_COUNT 4

static int match_one(const struct regex_set *set, const char *text)
{
	struct regex_scratch *scratch = NULL;
	assert_int_equal(regex_scratch_prepare(&scratch, set), PF_OK);
	int found = regex_set_match(set, scratch, text, strlen(text));
	regex_scratch_free(&scratch);
	return found;
}

static struct regex_set *make(const char *const *texts, size_t count, const struct regex_keep *keep,
                              size_t compiled)
{
	struct regex_set *set;
	assert_int_equal(regex_set_new(texts, count, &teller, keep, &set), PF_OK);
	assert_int_equal(regex_set_pieces(set), 1);
	assert_int_equal(regex_set_compiled(set), compiled);
	return set;
}

static void test_kept(void **state)
{
	(void)state;
	static const char *const hard[] = {HARD}, *const moved[] = {"ads\\.example", NULL, HARD},
							 *const other[] = {HARD, "x{2}"};
	struct regex_keep keep = {.key = {7}};
	struct regex_piece piece;
	if (!regex_built_in())
		skip();
	struct regex_set *first = make(hard, HARD_COUNT, &keep, 1);
	keep.previous = first;
	struct regex_set *second = make(hard, HARD_COUNT, &keep, 0);
	assert_int_equal(regex_set_piece(second, 0, &piece), PF_OK);
	regex_set_free(&first); /* the database lives on in the other */
	assert_int_equal(match_one(second, "my.ads.net"), 1);
	/* From bytes; those before them change their places, and nothing else. */
	keep = (struct regex_keep){.key = {7}, .count = 1, .pieces = &piece};
	struct regex_set *third = make(moved, HARD_COUNT + 2, &keep, 0);
	regex_set_free(&second);
	assert_int_equal(match_one(third, "my.ads.net"), 3);
	assert_int_equal(match_one(third, "ads.example"), 0);
	regex_set_free(&third);
	/* Another key, other expressions, and bytes that are none. */
	keep.key.seed = 8;
	first = make(hard, HARD_COUNT, &keep, 1);
	regex_set_free(&first);
	keep.key.seed = 7;
	first = make(other, HARD_COUNT + 1, &keep, 1);
	regex_set_free(&first);
	memset((void *)(uintptr_t)piece.bytes, 0, piece.length / 2);
	first = make(hard, HARD_COUNT, &keep, 1);
	assert_int_equal(match_one(first, "my.ads.net"), 1);
	regex_set_free(&first);
	free((void *)(uintptr_t)piece.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),     cmocka_unit_test(test_left_alone),
		cmocka_unit_test(test_needles),   cmocka_unit_test(test_equivalence),
		cmocka_unit_test(test_many),      cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_odd_texts), cmocka_unit_test(test_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
