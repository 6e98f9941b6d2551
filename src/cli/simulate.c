/* `simulate`: the journal against other rules. Reads the journal's file, the rules, and the lists that they name; asks nobody but the
 * daemon, and only for tags that it gave itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/house.h"
#include "cli/simulate.h"
#include "cli/text.h"
#include "pipeline/simulate.h"

#define SINCE_DEFAULT "30d"

/* ---- who had which tags ---------------------------------------------------------------------- */

struct tenant {
	const char *id; /* of the document */
	struct device device;
};

struct house {
	json_t *document;
	struct tenant *tenants;
	size_t count;
};

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct tenant *)a)->id, ((const struct tenant *)b)->id);
}

static tag_set tags_of(const struct config *config, json_t *tags)
{
	tag_set set = 0;
	size_t i;
	json_t *tag;
	json_array_foreach(tags, i, tag)
	{
		const char *name = json_string_value(tag);
		int index = name ? tag_find(&config->tags, name) : -1;
		if (index >= 0)
			set |= tag_bit((size_t)index);
	}
	return set;
}

/* Tags that the daemon's own rules and people gave are the daemon's to tell; of the configuration's the new one counts. */
static void add_origins(json_t *known, json_t *origins)
{
	const char *tag;
	json_t *origin;
	json_object_foreach(origins, tag, origin)
	{
		const char *by = cli_string(origin, "by");
		if (!strcmp(by, "rule") || !strcmp(by, "person"))
			json_array_append_new(json_object_get(known, "tags"), json_string(tag));
	}
}

static void add_daemons(struct client *client, json_t *devices)
{
	json_t *answer = NULL, *row, *ids = json_object();
	size_t i;
	if (client_get(client, "/api/v1/devices", NULL, &answer) != CLI_DONE)
		goto out;
	json_array_foreach(devices, i, row) json_object_set(ids, cli_string(row, "id"), row);
	json_array_foreach(json_object_get(answer, "devices"), i, row)
	{
		json_t *known = json_object_get(ids, cli_string(row, "id"));
		if (!known) {
			known = json_pack("{s:s, s:s, s:[s]}", "id", cli_string(row, "id"), "name",
			                  cli_string(row, "name"), "tags", "all");
			json_array_append_new(devices, known);
			if (!json_is_true(json_object_get(row, "known")))
				json_array_append_new(json_object_get(known, "tags"), json_string("unknown"));
		}
		add_origins(known, json_object_get(row, "tag_origins"));
	}
out:
	json_decref(answer);
	json_decref(ids);
}

static void fill_device(struct device *device, const char *id, const char *name, tag_set tags)
{
	*device = (struct device){.tags = tags | tag_bit(TAG_ALL)};
	snprintf(device->id, sizeof device->id, "%s", id);
	snprintf(device->name, sizeof device->name, "%s", name);
	device->has_mac = !strncmp(id, "mac:", 4) && mac_parse(id + 4, &device->mac) == PF_OK;
	device->known = !(tags & tag_bit(TAG_UNKNOWN));
}

static int house_init(struct house *house, struct client *client, const struct config *config)
{
	json_t *row;
	size_t i;
	*house = (struct house){.document = house_devices(config)};
	json_t *devices = json_object_get(house->document, "devices");
	add_daemons(client, devices);
	house->tenants = calloc(json_array_size(devices) + 1, sizeof *house->tenants);
	if (!house->tenants)
		return PF_ENOMEM;
	json_array_foreach(devices, i, row)
	{
		struct tenant *tenant = &house->tenants[house->count++];
		tenant->id = cli_string(row, "id");
		fill_device(&tenant->device, tenant->id, cli_string(row, "name"),
		            tags_of(config, json_object_get(row, "tags")));
	}
	qsort(house->tenants, house->count, sizeof *house->tenants, by_id);
	return PF_OK;
}

static void house_deinit(struct house *house)
{
	json_decref(house->document);
	free(house->tenants);
}

static void find_device(void *data, const char *id, const char *name, struct device *device)
{
	struct house *house = data;
	const struct tenant key = {.id = id};
	const struct tenant *found =
		bsearch(&key, house->tenants, house->count, sizeof *house->tenants, by_id);
	if (found)
		*device = found->device;
	else
		fill_device(device, id, name, tag_bit(TAG_UNKNOWN));
}

/* ---- the rules ------------------------------------------------------------------------------- */

static int load_rules(const char *path, const struct config *base, struct simulate_parts *parts)
{
	struct diag diag;
	diag_init(&diag);
	int error = config_load_over(path, base, &diag, &parts->config);
	if (error == PF_OK)
		error = lists_load(parts->config, &diag, &parts->lists);
	if (error == PF_OK)
		error = policy_compile(parts->config, &diag, &parts->policy);
	for (size_t i = 0; i < diag.count; i++) {
		char text[DIAG_TEXT_MAX];
		if (error == PF_OK && diag.entries[i].level == DIAG_ERROR)
			continue;
		diag_format(&diag.entries[i], text, sizeof text);
		cli_say(stderr, "%s", text);
	}
	diag_deinit(&diag);
	if (error != PF_OK)
		cli_complain("%s can not be simulated: %s.", path, pf_strerror(error));
	return error == PF_OK ? CLI_DONE : CLI_USAGE;
}

/* Standing was journalled for the homes of the day. */
static void warn_of_homes(const struct config *before, const struct config *after)
{
	bool same = before->home_count == after->home_count;
	for (size_t i = 0; same && i < before->home_count; i++)
		same = country_equal(before->home[i], after->home[i]);
	if (!same)
		cli_say(stderr,
		        "`home` is another in %s: rules on standing are simulated with what the journal "
		        "says, which is the standing for the home of its day.",
		        after->file);
}

/* ---- the verb -------------------------------------------------------------------------------- */

static int run(const struct cli *cli, struct client *client, struct ask *ask,
               struct simulate_parts *parts)
{
	struct house house;
	int result = CLI_NO;
	const struct simulate_rules rules = {parts->config, parts->policy, parts->lists, find_device,
	                                     &house};
	if (house_init(&house, client, parts->config) != PF_OK)
		cli_complain("there is no memory.");
	else if (simulate_run(ask->store, &ask->filter, &rules, &parts->result) != PF_OK)
		cli_complain("%s", *ask->store->error ? ask->store->error : "the journal can not be read.");
	else
		result = simulate_print(cli, &ask->filter, parts);
	house_deinit(&house);
	return result;
}

int verb_simulate(const struct cli *cli)
{
	struct client *client;
	struct params params = {0};
	struct ask ask = {0};
	struct simulate_parts parts = {0};
	char error[500];
	int result = client_open(cli, &client);
	if (result != CLI_DONE)
		return result == CLI_NO ? CLI_USAGE : result;
	client_filter_params(&params, cli);
	client_param(&params, "since", cli->since ? cli->since : SINCE_DEFAULT);
	client_param(&params, "limit", "0");
	result = load_rules(cli->positional[0], client_config(client), &parts);
	if (result == CLI_DONE) {
		warn_of_homes(client_config(client), parts.config);
		result = ask_filter(client, &params, clock_now(), &ask, error);
		if (result == CLI_DONE)
			result = ask_open(client_config(client), &ask, error);
		/* 1 has a meaning of its own here. */
		if (result != CLI_DONE) {
			cli_complain("%s", error);
			result = CLI_USAGE;
		} else {
			result = run(cli, client, &ask, &parts);
		}
		ask_close(&ask);
	}
	simulate_free(&parts.result);
	policy_free(&parts.policy);
	lists_free(&parts.lists);
	config_free(&parts.config);
	client_close(&client);
	return result;
}
