/* `import`: moving in from Pi-hole or AdGuard Home. Needs no daemon, and changes nothing that is there. */
#include "import/import.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/text.h"

/* ---- files ------------------------------------------------------------------------------- */

/* A new file; what is there already stays as it is. */
static bool write_new(const char *path, const struct buffer *content)
{
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (file < 0) {
		cli_complain(
			errno == EEXIST
				? "%s is there already, and is left as it is; name another file, or remove it.%s"
				: "%s can not be written: %s.",
			path, errno == EEXIST ? "" : strerror(errno));
		return false;
	}
	size_t written = 0;
	ssize_t got = 0;
	while (written < content->length &&
	       (got = write(file, content->data + written, content->length - written)) > 0)
		written += (size_t)got;
	bool whole = written == content->length && !fsync(file);
	if (!whole)
		cli_complain("%s can not be written: %s.", path, strerror(errno));
	close(file);
	if (!whole)
		unlink(path);
	return whole;
}

/* Where the two lists of AdGuard's user go: the absolute path of the output, without its end. */
static bool name_beside(const char *output, char beside[PATH_MAX])
{
	char folder[PATH_MAX];
	if (output[0] == '/')
		folder[0] = '\0';
	else if (!getcwd(folder, sizeof folder))
		return false;
	int length = snprintf(beside, PATH_MAX, "%s%s%s", folder, *folder ? "/" : "", output);
	char *dot = strrchr(beside, '.');
	if (length >= PATH_MAX - 16)
		return false;
	if (dot && !strchr(dot, '/'))
		*dot = '\0';
	return true;
}

/* The files that the configuration names, and then, if it can be read with them, the configuration. All or nothing. */
static bool write_all(const struct cli *cli, const struct import *import, const char *beside)
{
	static const char *const ends[] = {"-allow.txt", "-block.txt"};
	const struct buffer *lists[] = {&import->allow_list, &import->block_list};
	char paths[PF_COUNT(lists)][PATH_MAX], error[IMPORT_ERROR_MAX] = "";
	size_t count = 0;
	bool whole = true;
	for (size_t i = 0; i < PF_COUNT(lists) && whole; i++) {
		if (!lists[i]->length)
			continue;
		snprintf(paths[count], sizeof paths[count], "%s%s", beside, ends[i]);
		whole = write_new(paths[count], lists[i]);
		count += whole;
	}
	if (whole && import_check(import, error) != PF_OK) {
		cli_complain("%s", error);
		whole = false;
	}
	whole = whole && (!cli->output || write_new(cli->output, &import->text));
	while (!whole && count)
		unlink(paths[--count]);
	return whole;
}

/* ---- a configuration --------------------------------------------------------------------- */

static void print_json(const struct import *import)
{
	json_t *text = json_stringn(import->text.data, import->text.length);
	json_t *document =
		json_pack("{s:o?, s:I, s:I, s:I, s:I}", "configuration", text, "devices",
	              (json_int_t)import->devices, "lists", (json_int_t)import->lists, "rules",
	              (json_int_t)import->rules, "not_taken", (json_int_t)import->noted);
	cli_print_json(document);
	json_decref(document);
}

static int put_out(const struct cli *cli, const struct import *import, const char *beside)
{
	if (!write_all(cli, import, beside))
		return CLI_NO;
	if (cli->json)
		print_json(import);
	else if (!cli->output)
		fwrite(import->text.data, 1, import->text.length, stdout);
	fflush(stdout);
	cli_say(stderr, "%s, %s and %s; %s not taken over%s",
	        cli_count((json_int_t)import->devices, "device").bytes,
	        cli_count((json_int_t)import->lists, "list").bytes,
	        cli_count((json_int_t)import->rules, "rule").bytes,
	        cli_number((json_int_t)import->noted).bytes,
	        import->noted ? ", see the end of the configuration" : "");
	if (cli->output)
		cli_say(stderr, "%s is written; now: portafilter check -c %s", cli->output, cli->output);
	return CLI_DONE;
}

static int import_configuration(const struct cli *cli, bool adguard)
{
	struct import import;
	char error[IMPORT_ERROR_MAX] = "", beside[PATH_MAX] = "";
	const char *path = cli->positional[1];
	if (cli->journal) {
		cli_complain("--journal is for pihole-FTL.db; %s is a configuration.", path);
		return CLI_USAGE;
	}
	if (cli->output && !name_beside(cli->output, beside)) {
		cli_complain("%s is no path that can be written.", cli->output);
		return CLI_NO;
	}
	import_init(&import);
	int result = adguard ? import_adguard(path, cli->output ? beside : NULL, &import, error)
	                     : import_gravity(path, &import, error);
	if (result != PF_OK)
		cli_complain("%s", error);
	int code = result == PF_OK ? put_out(cli, &import, beside) : CLI_NO;
	import_deinit(&import);
	return code;
}

/* ---- a journal --------------------------------------------------------------------------- */

static void print_queries(const struct cli *cli, const struct import_queries *queries)
{
	char first[CLOCK_TEXT_MAX] = "", last[CLOCK_TEXT_MAX] = "";
	uint64_t left_out =
		queries->bad_name + queries->bad_client + queries->bad_time + queries->bad_type;
	if (queries->first_us) {
		clock_format(queries->first_us, first);
		clock_format(queries->last_us, last);
	}
	if (cli->json) {
		json_t *document =
			json_pack("{s:s, s:I, s:I, s:s, s:s, s:{s:I, s:I, s:I, s:I}}", "journal", cli->journal,
		              "taken", (json_int_t)queries->taken, "sinkholed",
		              (json_int_t)queries->sinkholed, "first", first, "last", last, "left_out",
		              "name", (json_int_t)queries->bad_name, "client",
		              (json_int_t)queries->bad_client, "time", (json_int_t)queries->bad_time,
		              "type", (json_int_t)queries->bad_type);
		cli_print_json(document);
		json_decref(document);
		return;
	}
	cli_say(stdout, "%s queries are in %s now, %s of them sinkholed",
	        cli_number((json_int_t)queries->taken).bytes, cli->journal,
	        cli_number((json_int_t)queries->sinkholed).bytes);
	if (queries->first_us)
		cli_say(stdout, "from %s to %s UTC", cli_time(first).bytes, cli_time(last).bytes);
	if (left_out)
		cli_say(
			stdout,
			"%s left out: %s without a name of DNS, %s without an address, %s without a type, %s without a time",
			cli_number((json_int_t)left_out).bytes, cli_number((json_int_t)queries->bad_name).bytes,
			cli_number((json_int_t)queries->bad_client).bytes,
			cli_number((json_int_t)queries->bad_type).bytes,
			cli_number((json_int_t)queries->bad_time).bytes);
	cli_say(stdout, "Pi-hole keeps no answers: there are no addresses and no endpoints.");
}

static int import_journal(const struct cli *cli)
{
	struct import_queries queries;
	char error[IMPORT_ERROR_MAX] = "";
	const char *path = cli->positional[1];
	if (!cli->journal || cli->output) {
		cli_complain(
			cli->output
				? "--output is for configurations; %s holds queries: --journal OUT.db takes them."
				: "%s holds queries; say with --journal OUT.db where they go.",
			path);
		return CLI_USAGE;
	}
	int result = import_queries(path, cli->journal, &queries, error);
	if (result != PF_OK)
		cli_complain("%s", error);
	if (result == PF_OK || queries.taken)
		print_queries(cli, &queries);
	return result == PF_OK ? CLI_DONE : CLI_NO;
}

int verb_import(const struct cli *cli)
{
	enum import_database database;
	char error[IMPORT_ERROR_MAX] = "";
	if (!strcmp(cli->positional[0], "adguard"))
		return import_configuration(cli, true);
	if (strcmp(cli->positional[0], "pihole")) {
		cli_complain("\"%s\" is neither pihole nor adguard.", cli->positional[0]);
		return CLI_USAGE;
	}
	if (import_look(cli->positional[1], &database, error) != PF_OK) {
		cli_complain("%s", error);
		return CLI_NO;
	}
	return database == IMPORT_QUERIES ? import_journal(cli) : import_configuration(cli, false);
}
