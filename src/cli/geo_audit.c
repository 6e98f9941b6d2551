/* `geo --audit FILE`: a list of addresses against all sources at once. How often do they agree, how often is nothing claimed,
 * and about which addresses do they differ? What it prints depends on the list, the databases and the configuration only, never
 * on the machine, the day (but for geo.max-age) or the order of the list. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/geo.h"
#include "cli/table.h"
#include "cli/text.h"

#define ADDRESSES_MAX 4000000 /* as many as the IPv4 addresses of a large campaign; 68 MB */
#define LINE_BYTES_MAX 65536
#define OPINIONS_MAX (GEO_SOURCE_MAX + 1) /* location databases, and control behind them */

struct audit {
	const struct geo_sources *sources;
	size_t lines, lines_without; /* read; and those without an address */
	size_t count, room;
	struct addr *addresses;
	size_t opinion_count;
	size_t both[OPINIONS_MAX][OPINIONS_MAX]; /* both know the country */
	size_t same[OPINIONS_MAX][OPINIONS_MAX]; /* and it is the same */
	size_t known[OPINIONS_MAX];
	size_t standings[STANDING_INDETERMINATE + 1][CONFIDENCE_HIGH + 1];
	size_t special, anycast, differ;
	size_t high_differ; /* confidence high where the databases differ: never */
	json_t *disputed;   /* all about whose country the location databases differ */
};

/* ---- reading ----------------------------------------------------------------------------- */

static int compare(const void *left, const void *right)
{
	const struct addr *a = left, *b = right;
	return a->family != b->family ? a->family - b->family
	                              : memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static int add(struct audit *audit, const struct addr *addr)
{
	if (audit->count == ADDRESSES_MAX)
		return PF_EFULL;
	if (audit->count == audit->room) {
		size_t room = audit->room ? audit->room * 2 : 4096;
		struct addr *grown = realloc(audit->addresses, room * sizeof *grown);
		if (!grown)
			return PF_ENOMEM;
		audit->addresses = grown;
		audit->room = room;
	}
	audit->addresses[audit->count++] = *addr;
	return PF_OK;
}

/* The first field of the line that is an address. */
static int read_line(struct audit *audit, char *line)
{
	struct addr addr = {0};
	audit->lines++;
	for (char *field, *rest = line; (field = strsep(&rest, " \t,;\"\r\n"));)
		if (*field == '#')
			break;
		else if (*field && addr_parse(field, &addr) == PF_OK)
			return add(audit, &addr);
	audit->lines_without++;
	return PF_OK;
}

static void leave_doubles_out(struct audit *audit)
{
	size_t kept = 0;
	if (!audit->count)
		return;
	qsort(audit->addresses, audit->count, sizeof *audit->addresses, compare);
	for (size_t i = 1; i < audit->count; i++)
		if (compare(&audit->addresses[kept], &audit->addresses[i]))
			audit->addresses[++kept] = audit->addresses[i];
	audit->count = kept + 1;
}

static int read_file(struct audit *audit, const char *path)
{
	static const char stdin_name[] = "-";
	FILE *file = strcmp(path, stdin_name) ? fopen(path, "re") : stdin;
	char *line = malloc(LINE_BYTES_MAX);
	int error = file && line ? PF_OK : PF_EIO;
	if (!file)
		cli_complain("%s can not be read: %s.", path, strerror(errno));
	while (error == PF_OK && fgets(line, LINE_BYTES_MAX, file))
		error = read_line(audit, line);
	if (error == PF_EFULL)
		cli_complain("%s has more than %d addresses.", path, ADDRESSES_MAX);
	free(line);
	if (file && file != stdin)
		fclose(file);
	leave_doubles_out(audit);
	return error;
}

/* ---- counting ---------------------------------------------------------------------------- */

static json_t *disputed_json(const struct audit *audit, const struct address_facts *facts)
{
	const struct geo *geo = audit->sources->geo;
	json_t *row = json_object();
	char text[ADDR_TEXT_MAX];
	addr_format(&facts->address, text);
	json_object_set_new(row, "address", json_string(text));
	for (size_t i = 0; i < geo_location_count(geo); i++)
		json_object_set_new(row, geo_location_label(geo, i),
		                    country_known(facts->locations[i])
		                        ? json_string(facts->locations[i].code)
		                        : json_null());
	json_object_set_new(row, "control",
	                    country_known(facts->control) ? json_string(facts->control.code)
	                                                  : json_null());
	json_object_set_new(row, "standing", json_string(standing_word(facts->standing)));
	json_object_set_new(row, "confidence", json_string(confidence_word(facts->confidence)));
	return row;
}

static void compare_opinions(struct audit *audit, const struct address_facts *facts)
{
	struct country opinions[OPINIONS_MAX];
	size_t locations = audit->opinion_count - 1;
	bool differ = false;
	memcpy(opinions, facts->locations, locations * sizeof *opinions);
	opinions[locations] = facts->control;
	for (size_t i = 0; i < audit->opinion_count; i++) {
		audit->known[i] += country_known(opinions[i]);
		for (size_t k = 0; k < audit->opinion_count; k++) {
			bool both = country_known(opinions[i]) && country_known(opinions[k]);
			bool same = both && country_equal(opinions[i], opinions[k]);
			audit->both[i][k] += both;
			audit->same[i][k] += same;
			differ = differ || (both && !same && i < locations && k < locations);
		}
	}
	if (!differ)
		return;
	audit->differ++;
	audit->high_differ += facts->confidence == CONFIDENCE_HIGH;
	json_array_append_new(audit->disputed, disputed_json(audit, facts));
}

static void count(struct audit *audit)
{
	for (size_t i = 0; i < audit->count; i++) {
		union address_judged judged;
		const struct address_facts *facts =
			address_judge(audit->sources->geo, &audit->addresses[i], audit->sources->now, &judged);
		audit->special += facts->special;
		audit->anycast += facts->anycast;
		audit->standings[facts->standing][facts->confidence]++;
		compare_opinions(audit, facts);
	}
}

static size_t sum_of(const struct audit *audit, enum standing standing)
{
	size_t sum = 0;
	for (size_t i = 0; i <= CONFIDENCE_HIGH; i++)
		sum += audit->standings[standing][i];
	return sum;
}

/* Addresses of which neither home nor overseas is said. */
static size_t abstained(const struct audit *audit)
{
	return audit->count - sum_of(audit, STANDING_HOME) - sum_of(audit, STANDING_OVERSEAS);
}

static double percent(size_t part, size_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* ---- showing ----------------------------------------------------------------------------- */

static const char *opinion_name(const struct audit *audit, size_t index)
{
	return index + 1 < audit->opinion_count ? geo_location_label(audit->sources->geo, index)
	                                        : "control";
}

static json_t *matrix_json(const struct audit *audit)
{
	json_t *list = json_array();
	for (size_t i = 0; i < audit->opinion_count; i++)
		for (size_t k = i + 1; k < audit->opinion_count; k++)
			json_array_append_new(list,
			                      json_pack("{s:s, s:s, s:I, s:I}", "one", opinion_name(audit, i),
			                                "other", opinion_name(audit, k), "both_know",
			                                (json_int_t)audit->both[i][k], "agree",
			                                (json_int_t)audit->same[i][k]));
	return list;
}

static void print_json(const struct audit *audit)
{
	json_t *standings = json_object(), *home = json_array();
	for (size_t s = STANDING_UNKNOWN; s <= STANDING_INDETERMINATE; s++) {
		json_t *row = json_object();
		for (size_t c = CONFIDENCE_LOW; c <= CONFIDENCE_HIGH; c++)
			json_object_set_new(row, confidence_word((enum confidence)c),
			                    json_integer((json_int_t)audit->standings[s][c]));
		json_object_set_new(standings, standing_word((enum standing)s), row);
	}
	for (size_t i = 0; i < audit->sources->config->home_count; i++)
		json_array_append_new(home, json_string(audit->sources->config->home[i].code));
	json_t *document =
		json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:O}", "sources",
	              addresses_sources(audit->sources->geo), "home", home, "lines",
	              (json_int_t)audit->lines, "addresses", (json_int_t)audit->count, "special",
	              (json_int_t)audit->special, "anycast", (json_int_t)audit->anycast, "abstained",
	              (json_int_t)abstained(audit), "standings", standings, "agreement",
	              matrix_json(audit), "databases_differ", (json_int_t)audit->differ,
	              "high_where_databases_differ", (json_int_t)audit->high_differ, "disputed",
	              audit->disputed);
	cli_print_json(document);
	json_decref(document);
}

static int print_standings(const struct audit *audit)
{
	static const char *const heads[] = {"standing", ">high", ">medium", ">low", ">all", ">share"};
	struct cli_table *table = cli_table_new(heads, PF_COUNT(heads));
	for (size_t s = STANDING_UNKNOWN; s <= STANDING_INDETERMINATE; s++) {
		cli_table_cell(table, NULL, "%s", standing_word((enum standing)s));
		for (size_t c = CONFIDENCE_HIGH; c >= CONFIDENCE_LOW; c--)
			cli_table_cell(table, NULL, "%zu", audit->standings[s][c]);
		size_t all = sum_of(audit, (enum standing)s);
		cli_table_cell(table, NULL, "%zu", all);
		cli_table_cell(table, NULL, "%.2f %%", percent(all, audit->count));
	}
	return cli_table_print(&table, stdout);
}

/* Row against column: in how many of the addresses that both know do they name the same country? */
static int print_matrix(const struct audit *audit)
{
	const char *heads[OPINIONS_MAX + 2] = {"agreement", ">knows"};
	for (size_t i = 0; i < audit->opinion_count; i++)
		heads[i + 2] = opinion_name(audit, i);
	struct cli_table *table = cli_table_new(heads, audit->opinion_count + 2);
	for (size_t i = 0; i < audit->opinion_count; i++) {
		cli_table_cell(table, NULL, "%s", opinion_name(audit, i));
		cli_table_cell(table, NULL, "%zu", audit->known[i]);
		for (size_t k = 0; k < audit->opinion_count; k++)
			cli_table_cell(table, NULL, "%zu of %zu (%.2f %%)", audit->same[i][k],
			               audit->both[i][k], percent(audit->same[i][k], audit->both[i][k]));
	}
	return cli_table_print(&table, stdout);
}

static int print_disputed(const struct audit *audit)
{
	const struct geo *geo = audit->sources->geo;
	const char *heads[GEO_SOURCE_MAX + 3] = {"databases differ"};
	size_t columns = 1, i;
	json_t *row;
	for (size_t k = 0; k < geo_location_count(geo); k++)
		heads[columns++] = geo_location_label(geo, k);
	heads[columns++] = "control";
	heads[columns++] = "standing";
	struct cli_table *table = cli_table_new(heads, columns);
	json_array_foreach(audit->disputed, i, row)
	{
		cli_table_cell(table, NULL, "%s", cli_string(row, "address"));
		for (size_t k = 1; k + 1 < columns; k++) {
			const char *code = cli_string(row, heads[k]);
			cli_table_cell(table, NULL, "%s", *code ? code : "?");
		}
		cli_table_cell(table, NULL, "%s/%s", cli_string(row, "standing"),
		               cli_string(row, "confidence"));
	}
	return cli_table_print(&table, stdout);
}

static int print_text(const struct audit *audit)
{
	cli_say(stdout, "%zu addresses in %zu lines, %zu of special use, %zu anycast", audit->count,
	        audit->lines, audit->special, audit->anycast);
	cli_say(stdout,
	        "neither home nor overseas is claimed of %zu (%.2f %%); the location databases differ "
	        "about %zu (%.2f %%), and %zu of these have confidence high",
	        abstained(audit), percent(abstained(audit), audit->count), audit->differ,
	        percent(audit->differ, audit->count), audit->high_differ);
	putchar('\n');
	int results[] = {print_standings(audit), (putchar('\n'), print_matrix(audit)),
	                 (putchar('\n'), print_disputed(audit))};
	for (size_t i = 0; i < PF_COUNT(results); i++)
		if (results[i] != PF_OK)
			return CLI_NO;
	return CLI_DONE;
}

int geo_audit(const struct cli *cli, const struct geo_sources *sources)
{
	struct audit *audit = calloc(1, sizeof *audit);
	int result = CLI_NO;
	if (!audit)
		return result;
	audit->sources = sources;
	audit->opinion_count = geo_location_count(sources->geo) + 1;
	audit->disputed = json_array();
	if (read_file(audit, cli->audit) == PF_OK) {
		count(audit);
		result = CLI_DONE;
		if (cli->json)
			print_json(audit);
		else
			result = print_text(audit);
	}
	json_decref(audit->disputed);
	free(audit->addresses);
	free(audit);
	return result;
}
