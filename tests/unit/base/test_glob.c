/* Unit tests of src/base: patterns, against their definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/glob.h"

static void known_cases(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
		bool fits;
	} cases[] = {
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything", true},
		{"?", "", false},
		{"?", "a", true},
		{"?", "ab", false},
		{"a", "A", true},
		{"shelly*", "Shelly-Plug", true},
		{"shelly*", "my-shelly", false},
		{"*.tuya*.com", "a3.tuyaeu.com", true},
		{"*.tuya*.com", "tuya.com", false},
		{"*.tuya*.com", "a3.tuyaeu.com.evil.example", false},
		{"64:bc:0c:*", "64:BC:0c:80:7e:1f", true},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c-b", false},
		{"**", "x", true},
		{"*?*", "", false},
		{"[a]", "a", false}, /* nothing else has a meaning */
		{"\\*", "*", false},
		{"\\*", "\\anything", true},
		{"\xc3\x84", "\xc3\xa4", false}, /* case is ASCII's */
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (glob_matches(cases[i].pattern, cases[i].text) != cases[i].fits)
			fail_msg("%s on %s", cases[i].pattern, cases[i].text);
}

/* As the words say it, however long that takes. */
static bool naive(const char *pattern, const char *text)
{
	if (!*pattern)
		return !*text;
	if (*pattern == '*')
		return naive(pattern + 1, text) || (*text && naive(pattern, text + 1));
	return *text && (*pattern == '?' || *pattern == *text) && naive(pattern + 1, text + 1);
}

/* The number's digits in a base of few letters. */
static void spell(uint32_t number, const char *letters, char *out)
{
	size_t base = strlen(letters);
	for (; number; number /= (uint32_t)base)
		*out++ = letters[number % base];
	*out = '\0';
}

static void all_short_ones(void **state)
{
	(void)state;
	char pattern[16], text[16];
	for (uint32_t p = 0; p < 1024; p++)
		for (uint32_t t = 0; t < 128; t++) {
			spell(p, "ab*?", pattern);
			spell(t, "ab", text);
			if (glob_matches(pattern, text) != naive(pattern, text))
				fail_msg("%s on %s", pattern, text);
		}
}

/* What takes a naive one longer than the world is old. */
static void nobody_makes_it_slow(void **state)
{
	(void)state;
	char pattern[256], text[4096];
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (size_t i = 0; i + 1 < sizeof pattern; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[252] = 'b';
	pattern[253] = '\0';
	assert_false(glob_matches(pattern, text));
	text[sizeof text - 2] = 'b';
	assert_true(glob_matches(pattern, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_cases),
		cmocka_unit_test(all_short_ones),
		cmocka_unit_test(nobody_makes_it_slow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
