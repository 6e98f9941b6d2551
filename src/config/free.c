/* Gives back all that a configuration owns. */
#include <stdlib.h>

#include "config/sections.h"
#include "config/subscription.h"
#include "config/upstreams.h"

static void free_paths(struct config_path *paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(paths[i].path);
	free(paths);
}

void config_free(struct config **config)
{
	struct config *gone = *config;
	*config = NULL;
	if (!gone)
		return;
	for (size_t i = 0; i < gone->device_count; i++)
		device_deinit(&gone->devices[i]);
	for (size_t i = 0; i < gone->tag_rule_count; i++)
		tag_rule_deinit(&gone->tag_rules[i]);
	for (size_t i = 0; i < gone->lease_file_count; i++)
		free(gone->lease_files[i].path);
	for (size_t i = 0; i < gone->list_count; i++) {
		free(gone->lists[i].name);
		free(gone->lists[i].file);
		subscription_deinit(&gone->lists[i]);
	}
	for (size_t i = 0; i < gone->rule_count; i++)
		rule_deinit(&gone->rules[i]);
	local_deinit(gone);
	recursion_deinit(&gone->recursion);
	upstreams_deinit(gone->upstreams, &gone->upstream_count);
	free_paths(gone->geo.location, gone->geo.location_count);
	free_paths(gone->geo.control, gone->geo.control_count);
	free_paths(gone->geo.anycast, gone->geo.anycast_count);
	for (size_t i = 0; i < gone->notify_count; i++)
		config_notify_deinit(&gone->notify[i]);
	free(gone->notify);
	free(gone->devices);
	free(gone->tag_rules);
	free(gone->forwarders);
	free(gone->lease_files);
	free(gone->vendors);
	free(gone->lists);
	free(gone->rules);
	free(gone->added_path);
	free(gone->home);
	for (size_t i = 0; i < gone->tag_home_count; i++)
		free(gone->tag_homes[i].codes);
	free(gone->tag_homes);
	free(gone->allow);
	free(gone->rate_limit.exempt);
	free(gone->file);
	free(gone->text);
	free(gone->state);
	free(gone->user);
	for (size_t i = 0; i < gone->web.name_count; i++)
		free(gone->web.names[i]);
	for (size_t i = 0; i < gone->certificate.name_count; i++)
		free(gone->certificate.names[i]);
	free(gone->certificate.file);
	free(gone->certificate.key);
	free(gone->certificate.clients);
	free(gone->web.certificate);
	free(gone->web.key);
	free(gone->control_socket);
	free(gone->recognise_path);
	free(gone->journal_path);
	free(gone->journal_rings);
	for (size_t i = 0; i < gone->sink_count; i++) {
		free(gone->sinks[i].path);
		free(gone->sinks[i].collector.path);
	}
	free(gone);
}
