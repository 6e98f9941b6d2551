/* Questions to the journal's file, see ask.h. */
#include "cli/ask.h"

#include <stdio.h>

#include "cli/text.h"
#include "dns/dns.h"
#include "journal/sqlite/sqlite.h"
#include "simulate/house.h"

int ask_filter(struct client *client, const struct params *params, struct now now, struct ask *ask,
               char error[500])
{
	const char *tag = params_get(params, "tag");
	json_t *devices = NULL;
	*ask = (struct ask){0};
	if (params_filter(params, now, &ask->filter, error) != PF_OK)
		return CLI_USAGE;
	if (ask->filter.type && dns_type_from_text(ask->filter.type) < 0) {
		snprintf(error, 500, "\"%.60s\" is no record type; try A, AAAA or HTTPS.",
		         ask->filter.type);
		return CLI_USAGE;
	}
	if (!tag)
		return CLI_DONE;
	int result = client_get(client, "/api/v1/devices", NULL, &devices);
	if (result == CLI_NO_DAEMON)
		devices = house_devices(client_config(client));
	return tagged_init(&ask->tagged, devices, tag, &ask->filter, error) == PF_OK ? CLI_DONE
	                                                                             : CLI_NO;
}

int ask_open(const struct config *config, struct ask *ask, char error[500])
{
	if (!config->journal_enabled) {
		snprintf(error, 500, "no journal is kept (`journal: off`, or its `path: off`).");
		return CLI_NO;
	}
	ask->store = sqlite_store_open(config->journal_path, error, 500);
	return ask->store ? CLI_DONE : CLI_NO;
}

void ask_close(struct ask *ask)
{
	if (ask->store)
		ask->store->close(&ask->store);
	tagged_deinit(&ask->tagged);
}
