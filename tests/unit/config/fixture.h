/* What the tests of the configuration share: a machine of files under data/, and looking into findings. */
#ifndef PF_TESTS_CONFIG_FIXTURE_H
#define PF_TESTS_CONFIG_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/reader.h"

#define DATA TESTS_DIR "/unit/config/data"
#define TEST_FILE DATA "/test.yaml" /* the name for messages; relative paths begin in data/ */

extern const struct config_system test_system; /* resolv.conf and databases are there */

struct parsed {
	int error;
	struct config *config;
	struct diag diag;
};

struct parsed parse(const char *text);
struct parsed parse_bytes(const struct config_system *system, const char *text, size_t length);
void parsed_deinit(struct parsed *parsed);

/* Fails, with all findings printed, unless the text was taken without any. */
struct parsed parse_clean(const char *text);

/* Is one of the findings of this level, at this place (in TEST_FILE), with all these words ('|' between them)? */
bool has_finding(const struct parsed *parsed, enum diag_level level, unsigned line, unsigned column,
                 const char *words);
void assert_finding(const struct parsed *parsed, enum diag_level level, unsigned line,
                    unsigned column, const char *words);

void print_findings(const struct parsed *parsed);

/* A text with one mistake: where it is told, and with which words. */
struct mistake {
	const char *text;
	unsigned line, column;
	const char *words; /* '|' between them */
};

/* Fails, with what was found, unless each mistake is the one error of its text. */
void check_mistakes(const struct mistake *mistakes, size_t count);

#endif
