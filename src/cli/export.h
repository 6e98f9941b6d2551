/* Private to cli/: exports of the journal, and the manifest that says what they were made from. */
#ifndef PF_CLI_EXPORT_H
#define PF_CLI_EXPORT_H

#include "cli/ask.h"
#include "cli/cli.h"
#include "report/export.h"

/* The format of `--format`, or PF_EINVAL after a sentence. `queries`: else endpoints. */
int export_find_format(const char *name, bool queries);

/* False, after a sentence, when the command line has options that only exports have. */
bool export_needs_format(const struct cli *cli);

/* Reads the journal's file and writes the rows to stdout, with all that the command line says. The exit code. */
int export_run(const struct cli *cli, enum export_format format, bool queries);

/* What a manifest tells. */
struct manifest {
	const struct cli *cli;
	const struct config *config;
	const struct store_filter *filter;
	const char *format; /* "cof", or "report" and such */
	struct now now;
	int64_t rows, left_out;
	char rows_sha256[DIGEST_TEXT_MAX]; /* "": not told */
	char output_sha256[DIGEST_TEXT_MAX];
	uint64_t output_bytes;
};
/* Writes cli->manifest. CLI_DONE, or CLI_NO after a sentence. */
PF_MUST_CHECK int manifest_write(const struct manifest *manifest);

#endif
