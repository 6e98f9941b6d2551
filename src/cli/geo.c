/* `geo`: what each source says of an address, and the standing that follows. It loads the databases that the configuration names
 * itself, so that it can be asked without a daemon and of a configuration that is not in force. */
#include "cli/geo.h"

#include <stdio.h>
#include <string.h>

#include "cli/table.h"
#include "cli/text.h"

static void print_sources(const struct geo_sources *sources)
{
	for (size_t i = 0; i < geo_source_count(sources->geo); i++) {
		struct geo_source source;
		char built[CLOCK_TEXT_MAX];
		geo_source_of_day(sources->geo, i, &source, built);
		int64_t age_days = (sources->now.wall_us - source.built_wall_us) / (86400LL * 1000000);
		cli_say(stdout, "%-9s %s, of %s, %s old%s%s", source.kind, source.label, built,
		        cli_count(age_days, "day").bytes, *source.credit ? "; " : "", source.credit);
	}
	cli_put(stdout, "home     ");
	for (size_t i = 0; i < sources->config->home_count; i++)
		cli_put(stdout, " %s", sources->config->home[i].code);
	cli_say(stdout, "%s", sources->config->home_count ? "" : " not set: every standing is unknown");
	putchar('\n');
}

static int print_json(const struct cli *cli, const struct geo_sources *sources,
                      const struct addr *addresses)
{
	json_t *document = addresses_document(sources->geo, sources->config, addresses,
	                                      cli->positional_count, sources->now);
	cli_print_json(document);
	json_decref(document);
	return CLI_DONE;
}

static void add_cells(struct cli_table *table, const struct geo_sources *sources,
                      const struct address_facts *facts)
{
	char text[ADDR_TEXT_MAX];
	const char *standing = standing_word(facts->standing);
	addr_format(&facts->address, text);
	cli_table_cell(table, NULL, "%s", text);
	for (size_t i = 0; i < geo_location_count(sources->geo); i++)
		cli_table_cell(table, NULL, "%s",
		               facts->special                       ? "not asked"
		               : country_known(facts->locations[i]) ? facts->locations[i].code
		                                                    : "?");
	cli_table_cell(table, NULL, "%s",
	               country_known(facts->registered) ? facts->registered.code : "");
	if (facts->asn)
		cli_table_cell(table, NULL, "AS%u %s (%s)", facts->asn,
		               geo_organisation(sources->geo, facts->asn),
		               country_known(facts->control) ? facts->control.code : "?");
	else
		cli_table_cell(table, NULL, "%s", "");
	cli_table_cell(table, NULL, "%s",
	               facts->special   ? "special use"
	               : facts->anycast ? "anycast"
	                                : "");
	cli_table_cell(table, cli_colour(standing), "%s/%s", standing,
	               confidence_word(facts->confidence));
}

static int print_table(const struct cli *cli, const struct geo_sources *sources,
                       const struct addr *addresses)
{
	const char *heads[GEO_SOURCE_MAX + 5] = {"address"};
	size_t columns = 1;
	for (size_t i = 0; i < geo_location_count(sources->geo); i++)
		heads[columns++] = geo_location_label(sources->geo, i);
	heads[columns++] = "registered";
	heads[columns++] = "run by";
	heads[columns++] = "";
	heads[columns++] = "standing";
	print_sources(sources);
	struct cli_table *table = cli_table_new(heads, columns);
	for (size_t i = 0; i < cli->positional_count; i++) {
		union address_judged judged;
		add_cells(table, sources,
		          address_judge(sources->geo, &addresses[i], sources->now, &judged));
	}
	int result = cli_table_print(&table, stdout) == PF_OK ? CLI_DONE : CLI_NO;
	fflush(stdout);
	cli_say(stderr,
	        "Where a name ends (.cn, .us) says nothing of this; and another resolver, or one "
	        "that sends client subnet, may be given other addresses.");
	return result;
}

static int load(const struct cli *cli, struct geo_sources *sources)
{
	struct diag diag;
	diag_init(&diag);
	*sources = (struct geo_sources){.now = clock_now()};
	int error = config_load(cli->config, &diag, &sources->config);
	if (error == PF_OK)
		error = geo_load(sources->config, sources->now, 1, &diag, &sources->geo);
	for (size_t i = 0; i < diag.count && error != PF_OK; i++) {
		char text[DIAG_TEXT_MAX];
		diag_format(&diag.entries[i], text, sizeof text);
		cli_say(stderr, "%s", text);
	}
	if (error != PF_OK && !diag.count)
		cli_complain("the databases can not be loaded: %s.", pf_strerror(error));
	diag_deinit(&diag);
	return error;
}

static int ask(const struct cli *cli, const struct geo_sources *sources)
{
	struct addr addresses[CLI_POSITIONAL_MAX];
	for (size_t i = 0; i < cli->positional_count; i++) {
		if (addr_parse(cli->positional[i], &addresses[i]) == PF_OK)
			continue;
		cli_complain("\"%s\" is no address; write it like 192.0.2.1 or 2001:db8::1.",
		             cli->positional[i]);
		return CLI_USAGE;
	}
	return cli->json ? print_json(cli, sources, addresses) : print_table(cli, sources, addresses);
}

int verb_geo(const struct cli *cli)
{
	struct geo_sources sources;
	if (!cli->audit == !cli->positional_count) {
		cli_complain("usage: portafilter geo ADDRESS…, or portafilter geo --audit FILE.");
		return CLI_USAGE;
	}
	int result = CLI_NO;
	if (load(cli, &sources) == PF_OK)
		result = cli->audit ? geo_audit(cli, &sources) : ask(cli, &sources);
	geo_free(&sources.geo);
	config_free(&sources.config);
	return result;
}
