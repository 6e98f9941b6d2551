/* The examples of README.md and portafilter.yaml(5) are configurations: each is taken, without a warning. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define TOP TESTS_DIR "/.."
#define DOCUMENT_BYTES_MAX (1u << 20)
#define EXAMPLE_BYTES_MAX 16384

/* What stands before an example that has rules alone. */
#define HEAD                                                                            \
	"home: [US]\n"                                                                      \
	"devices: [{name: a, ip: 192.0.2.1, tags: coffee}, {name: b, ip: 192.0.2.2, tags: " \
	"camera}]\n"                                                                        \
	"lists: [{name: kitchen, file: tv.txt}, {name: cameras, file: tv.txt}]\n"

static char *read_whole(const char *path)
{
	char *text = calloc(1, DOCUMENT_BYTES_MAX);
	FILE *file = fopen(path, "r");
	assert_non_null(text);
	assert_non_null(file);
	assert_true(fread(text, 1, DOCUMENT_BYTES_MAX - 1, file) > 0);
	fclose(file);
	return text;
}

static void append(char out[EXAMPLE_BYTES_MAX], const char *text, size_t length)
{
	size_t used = strlen(out);
	assert_true(used + length < EXAMPLE_BYTES_MAX);
	memcpy(out + used, text, length);
	out[used + length] = '\0';
}

/* An example as it would be written on a machine where everything that is named in it is there. */
static void translate(const char *text, const char *end, char out[EXAMPLE_BYTES_MAX])
{
	static const struct {
		const char *from, *to;
	} words[] = {
		{"\\(dq", "\""},
		{"/usr/share/portafilter/blocklists/", TOP "/blocklists/"},
		{"/usr/share/GeoIP/", DATA "/geoip/"},
	};
	out[0] = '\0';
	if (!strncmp(text, "rules:", 6))
		append(out, HEAD, strlen(HEAD));
	while (text < end) {
		size_t i = 0;
		while (i < PF_COUNT(words) && strncmp(text, words[i].from, strlen(words[i].from)) != 0)
			i++;
		if (i == PF_COUNT(words)) {
			append(out, text++, 1);
			continue;
		}
		append(out, words[i].to, strlen(words[i].to));
		text += strlen(words[i].from);
	}
}

/* Checks each example between `begin` and `end`, up to the chapter `until`; returns their number. */
static size_t check_examples(const char *path, const char *from, const char *until,
                             const char *begin, const char *end)
{
	static char example[EXAMPLE_BYTES_MAX];
	char *whole = read_whole(path), *text = strstr(whole, from), *last = strstr(whole, until);
	size_t count = 0;
	assert_true(text && last && text < last);
	*last = '\0';
	while ((text = strstr(text, begin))) {
		text += strlen(begin);
		char *stop = strstr(text, end);
		assert_non_null(stop);
		translate(text, stop + 1, example);
		struct parsed parsed = parse_clean(example);
		parsed_deinit(&parsed);
		count++;
		text = stop;
	}
	free(whole);
	return count;
}

static void test_readme(void **state)
{
	(void)state;
	assert_int_equal(check_examples(TOP "/README.md", "## A first configuration", "## Moving in",
	                                "```yaml\n", "\n```"),
	                 2);
}

static void test_man_page(void **state)
{
	(void)state;
	assert_int_equal(check_examples(TOP "/src/config/portafilter.yaml.5", ".Sh EXAMPLES",
	                                ".Sh DIAGNOSTICS", ".Bd -literal -offset indent\n", "\n.Ed"),
	                 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readme),
		cmocka_unit_test(test_man_page),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
