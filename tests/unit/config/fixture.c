#include "fixture.h"

#include <stdio.h>
#include <string.h>

const struct config_system test_system = {DATA "/resolv.conf", DATA "/geoip"};

struct parsed parse_bytes(const struct config_system *system, const char *text, size_t length)
{
	struct parsed parsed = {0};
	diag_init(&parsed.diag);
	parsed.error = config_parse_on(system, TEST_FILE, text, length, &parsed.diag, &parsed.config);
	assert_true((parsed.error == PF_OK) == (parsed.config != NULL));
	assert_true((parsed.error == PF_OK) == (parsed.diag.errors == 0));
	return parsed;
}

struct parsed parse(const char *text)
{
	return parse_bytes(&test_system, text, strlen(text));
}

void parsed_deinit(struct parsed *parsed)
{
	config_free(&parsed->config);
	diag_deinit(&parsed->diag);
}

void print_findings(const struct parsed *parsed)
{
	char text[DIAG_TEXT_MAX + 600];
	for (size_t i = 0; i < parsed->diag.count; i++) {
		diag_format(&parsed->diag.entries[i], text, sizeof text);
		print_message("  %s\n", text);
	}
}

struct parsed parse_clean(const char *text)
{
	struct parsed parsed = parse(text);
	if (parsed.error != PF_OK || parsed.diag.warnings) {
		print_findings(&parsed);
		fail_msg("this should be right: %s", text);
	}
	return parsed;
}

static bool has_words(const char *text, const char *words)
{
	char word[200];
	while (*words) {
		size_t length = strcspn(words, "|");
		assert_true(length < sizeof word);
		snprintf(word, sizeof word, "%.*s", (int)length, words);
		if (!strstr(text, word))
			return false;
		words += length + (words[length] == '|');
	}
	return true;
}

bool has_finding(const struct parsed *parsed, enum diag_level level, unsigned line, unsigned column,
                 const char *words)
{
	for (size_t i = 0; i < parsed->diag.count; i++) {
		const struct diag_entry *entry = &parsed->diag.entries[i];
		if (entry->level == level && entry->line == line && entry->column == column &&
		    !strcmp(entry->file, TEST_FILE) && has_words(entry->text, words))
			return true;
	}
	return false;
}

void assert_finding(const struct parsed *parsed, enum diag_level level, unsigned line,
                    unsigned column, const char *words)
{
	if (has_finding(parsed, level, line, column, words))
		return;
	print_findings(parsed);
	fail_msg("no %s at %u:%u with the words %s", level == DIAG_ERROR ? "error" : "warning", line,
	         column, words);
}

void check_mistakes(const struct mistake *mistakes, size_t count)
{
	size_t wrong = 0;
	for (size_t i = 0; i < count; i++) {
		const struct mistake *one = &mistakes[i];
		struct parsed parsed = parse(one->text);
		if (parsed.diag.errors != 1 || parsed.error != PF_EINVAL ||
		    !has_finding(&parsed, DIAG_ERROR, one->line, one->column, one->words)) {
			print_message("%s  wants only %u:%u %s, but finds\n", one->text, one->line, one->column,
			              one->words);
			print_findings(&parsed);
			wrong++;
		}
		parsed_deinit(&parsed);
	}
	assert_int_equal(wrong, 0);
}
