/* `replay`: captures instead of live traffic. Needs no daemon: it reads the configuration, lists and databases itself. */
#include "capture/replay.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "cli/text.h"

#define FINDINGS_SHOWN 20 /* of the table; --json has them all */
#define BAR_COLUMNS 40
#define BAR_EVERY_US 100000

/* ---- progress ---------------------------------------------------------------------------- */

struct bar {
	int64_t drawn_us;
	bool drawn;
};

static void draw(void *data, uint64_t bytes, uint64_t total)
{
	struct bar *bar = data;
	int64_t now_us = clock_now().mono_us;
	if (!total || now_us - bar->drawn_us < BAR_EVERY_US)
		return;
	bar->drawn_us = now_us;
	bar->drawn = true;
	unsigned share = bytes < total ? (unsigned)(bytes * 100 / total) : 100;
	fprintf(stderr, "\r[%-*.*s] %3u %%", BAR_COLUMNS, (int)(share * BAR_COLUMNS / 100),
	        "########################################", share);
	fflush(stderr);
}

static void wipe(const struct bar *bar)
{
	if (bar->drawn)
		fprintf(stderr, "\r%*s\r", BAR_COLUMNS + 8, "");
}

/* ---- the summary ------------------------------------------------------------------------- */

static uint64_t damaged(const struct replay_summary *summary)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < DAMAGE_COUNT; i++)
		sum += summary->counts.damaged[i];
	return sum;
}

static void put(const char *what, uint64_t count, const char *words)
{
	cli_say(stdout, "%-11s %14s%s%s", what, cli_number((json_int_t)count).bytes, *words ? "  " : "",
	        words);
}

static void print_counts(const struct replay_summary *summary)
{
	const struct capture_counts *counts = &summary->counts;
	char words[200];
	snprintf(words, sizeof words, "%s of them no DNS between a client and port 53",
	         cli_number((json_int_t)counts->other).bytes);
	put("packets", counts->packets, words);
	snprintf(words, sizeof words, "%s without an answer in the capture",
	         cli_number((json_int_t)counts->unanswered).bytes);
	put("questions", counts->questions, words);
	snprintf(words, sizeof words, "%s without a question in the capture",
	         cli_number((json_int_t)counts->unasked).bytes);
	put("answers", counts->answers, words);
	put("damaged", damaged(summary), "");
	for (size_t i = 0; i < DAMAGE_COUNT; i++)
		if (counts->damaged[i])
			cli_say(stdout, "%27s  %s", cli_number((json_int_t)counts->damaged[i]).bytes,
			        damage_words((enum damage)i));
	put("decided", summary->decided, "questions went through the rules:");
	put("  allowed", summary->allowed, "");
	put("  flagged", summary->flagged, "would have been, by these rules");
	put("  sinkholed", summary->sinkholed, "would have been");
}

static void print_findings(const struct replay_summary *summary)
{
	static const char *const heads[] = {"count", "action", "device", "name", "why"};
	size_t shown =
		summary->finding_count < FINDINGS_SHOWN ? summary->finding_count : FINDINGS_SHOWN;
	if (!shown)
		return;
	putchar('\n');
	struct cli_table *table = cli_table_new(heads, PF_COUNT(heads));
	for (size_t i = 0; i < shown; i++) {
		const struct replay_finding *finding = &summary->findings[i];
		const char *action = action_word(finding->action);
		cli_table_cell(table, NULL, "%s", cli_number((json_int_t)finding->count).bytes);
		cli_table_cell(table, cli_colour(action), "%s", action);
		cli_table_cell(table, NULL, "%s", finding->device);
		cli_table_cell(table, NULL, "%s", finding->name);
		cli_table_cell(table, NULL, "%s", finding->reason);
	}
	(void)!cli_table_print(&table, stdout); /* cli_main sees whether the output was written */
	if (summary->finding_count > shown || summary->findings_full)
		cli_say(stdout, "… and %s%s more",
		        cli_number((json_int_t)(summary->finding_count - shown)).bytes,
		        summary->findings_full ? " or" : "");
}

static void print_summary(const struct cli *cli, const struct replay_summary *summary)
{
	char first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];
	if (summary->first_us) {
		clock_format(summary->first_us, first);
		clock_format(summary->last_us, last);
		cli_say(stdout, "from %s to %s UTC", cli_time(first).bytes, cli_time(last).bytes);
	}
	print_counts(summary);
	if (cli->journal)
		cli_say(stdout, "%-11s %14s  records are in %s now", "journal",
		        cli_number((json_int_t)summary->journalled).bytes, cli->journal);
	print_findings(summary);
	if (summary->routers)
		cli_say(stderr,
		        "%s more than %d IPv4 addresses: a router; who is behind it goes by address.",
		        cli_count((json_int_t)summary->routers, "MAC has").bytes, REPLAY_ROUTER_ADDRESSES);
}

/* ---- for programs ------------------------------------------------------------------------ */

static json_t *time_json(int64_t wall_us)
{
	char text[CLOCK_TEXT_MAX];
	clock_format(wall_us, text);
	return wall_us ? json_string(text) : json_null();
}

static json_t *counts_json(const struct replay_summary *summary)
{
	const struct capture_counts *counts = &summary->counts;
	json_t *reasons = json_object();
	for (size_t i = 0; i < DAMAGE_COUNT; i++)
		if (counts->damaged[i])
			json_object_set_new(reasons, damage_words((enum damage)i),
			                    json_integer((json_int_t)counts->damaged[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "packets",
	                 (json_int_t)counts->packets, "other", (json_int_t)counts->other, "questions",
	                 (json_int_t)counts->questions, "answers", (json_int_t)counts->answers,
	                 "paired", (json_int_t)counts->paired, "unanswered",
	                 (json_int_t)counts->unanswered, "unasked", (json_int_t)counts->unasked,
	                 "truncated", (json_int_t)counts->truncated, "other_opcodes",
	                 (json_int_t)(counts->opcode_questions + counts->opcode_answers), "damaged",
	                 (json_int_t)damaged(summary), "damage", reasons);
}

static void print_json(const struct cli *cli, const struct replay_summary *summary)
{
	json_t *findings = json_array(), *notes = json_array();
	for (size_t i = 0; i < summary->finding_count; i++) {
		const struct replay_finding *finding = &summary->findings[i];
		json_array_append_new(findings, json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "count",
		                                          (json_int_t)finding->count, "action",
		                                          action_word(finding->action), "device",
		                                          finding->device, "name", finding->name, "rule",
		                                          finding->rule, "reason", finding->reason));
	}
	for (size_t i = 0; i < summary->note_count; i++)
		json_array_append_new(notes, json_string(summary->notes[i]));
	json_t *document =
		json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:s?, s:I, s:o, s:b, s:o}",
	              "first", time_json(summary->first_us), "last", time_json(summary->last_us),
	              "capture", counts_json(summary), "decided", (json_int_t)summary->decided,
	              "allowed", (json_int_t)summary->allowed, "flagged", (json_int_t)summary->flagged,
	              "sinkholed", (json_int_t)summary->sinkholed, "refused",
	              (json_int_t)summary->refused, "routers", (json_int_t)summary->routers, "journal",
	              cli->journal, "journalled", (json_int_t)summary->journalled, "findings", findings,
	              "findings_full", summary->findings_full, "notes", notes);
	cli_print_json(document);
	json_decref(document);
}

/* ---- the verb ---------------------------------------------------------------------------- */

static void print_errors(const struct diag *diag)
{
	for (size_t i = 0; i < diag->count; i++) {
		char text[DIAG_TEXT_MAX];
		diag_format(&diag->entries[i], text, sizeof text);
		cli_say(stderr, "%s", text);
	}
}

int verb_replay(const struct cli *cli)
{
	struct bar bar = {0};
	struct diag diag;
	struct replay_summary summary;
	char error[REPLAY_ERROR_MAX];
	const struct replay_options options = {
		.config = cli->config,
		.files = cli->positional,
		.file_count = cli->positional_count,
		.journal = cli->journal,
		.progress = isatty(STDERR_FILENO) && !cli->json ? draw : NULL,
		.progress_data = &bar,
	};
	diag_init(&diag);
	int result = replay_run(&options, &diag, &summary, error);
	wipe(&bar);
	print_errors(&diag);
	for (size_t i = 0; i < summary.note_count; i++)
		cli_complain("%s", summary.notes[i]);
	if (*error)
		cli_complain("%s", error);
	bool any = result == PF_OK || summary.counts.packets;
	if (any && cli->json)
		print_json(cli, &summary);
	else if (any)
		print_summary(cli, &summary);
	replay_summary_free(&summary);
	diag_deinit(&diag);
	return result == PF_OK ? CLI_DONE : CLI_NO;
}
