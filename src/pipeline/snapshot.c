/* Builds a snapshot from the configuration, one stage after the other; a stage is still tried when an
 * earlier one failed, so that all errors are told at once. */
#include "pipeline/snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/designated.h"

void snapshot_free(struct snapshot **snapshot)
{
	struct snapshot *old = *snapshot;
	if (!old)
		return;
	policy_free(&old->policy);
	local_free(&old->local);
	lists_free(&old->lists);
	geo_free(&old->geo);
	primaries_free(&old->primaries);
	tls_server_unuse(&old->tls);
	roster_free(&old->roster);
	registry_free(&old->registry);
	config_free(&old->config);
	free(old);
	*snapshot = NULL;
}

/* Would a question to this upstream come back to us? */
static bool is_own(const struct addr_port *listen, const struct addr_port *upstream)
{
	if (listen->port != upstream->port || listen->addr.family != upstream->addr.family)
		return false;
	return addr_equal(&listen->addr, &upstream->addr) ||
	       (addr_is_any(&listen->addr) && addr_is_loopback(&upstream->addr));
}

static int refuse_own(const struct config *config, struct config_pos pos,
                      const struct upstream_target *upstreams, size_t count, struct diag *diag)
{
	int error = PF_OK;
	for (size_t u = 0; u < count; u++) {
		for (size_t l = 0; l < config->listen_count; l++) {
			char text[UPSTREAM_TEXT_MAX];
			if (!is_own(&config->listen[l].address, &upstreams[u].address))
				continue;
			upstream_target_format(&upstreams[u], text);
			diag_error(diag, config->file, pos.line, pos.column,
			           "the upstream %s is this daemon itself (listen): name other `upstreams`",
			           text);
			error = PF_EINVAL;
			break;
		}
	}
	return error;
}

static int refuse_loops(const struct config *config, struct diag *diag)
{
	const struct config_recursion *recursion = &config->recursion;
	int error =
		refuse_own(config, (struct config_pos){0}, config->upstreams, config->upstream_count, diag);
	int behind = refuse_own(config, (struct config_pos){0}, recursion->forwards,
	                        recursion->forward_count, diag);
	int bootstrap = refuse_own(config, (struct config_pos){0}, config->bootstrap,
	                           config->bootstrap_count, diag);
	error = error == PF_OK ? behind : error;
	error = error == PF_OK ? bootstrap : error;
	for (size_t i = 0; i < config->forward_count; i++) {
		const struct config_forward *forward = &config->forwards[i];
		int one =
			refuse_own(config, forward->pos, forward->upstreams, forward->upstream_count, diag);
		error = error == PF_OK ? one : error;
	}
	return error;
}

/* What a list can hold something by: exceptions alone never do. */
static size_t entries_of(const struct list_info *info)
{
	return info->names + info->patterns + info->networks;
}

/* A list that holds nothing may be one that nobody could fetch yet, or one that went wrong: the rule's author should
 * know. */
static void warn_of_empty_lists(const struct config *config, const struct lists *lists,
                                struct diag *diag)
{
	for (size_t i = 0; i < config->rule_count; i++) {
		const struct config_rule *rule = &config->rules[i];
		size_t held = 0;
		for (size_t list = 0; list < lists_count(lists); list++)
			if (list_set_has(&rule->lists, list))
				held += entries_of(lists_info(lists, list));
		if (rule->lists_given && !held)
			diag_warning(
				diag, config->file, rule->pos.line, rule->pos.column,
				"the rule \"%s\" can not hold: its lists are empty, or hold nothing but exceptions",
				rule->name);
	}
}

/* Clients take no other name than the certificate's. */
static void warn_of_discovery(const struct config *config, const struct tls_server *tls,
                              struct diag *diag)
{
	const struct config_discovery *discovery = &config->discovery;
	char name[NAME_TEXT_MAX];
	if (!discovery->named || !tls)
		return;
	dns_name_to_text(&discovery->name, name);
	if (!tls_server_is_for(tls, name))
		diag_warning(diag, config->file, discovery->pos.line, discovery->pos.column,
		             "clients that are told of `%s` (listen.discovery) will not come: the "
		             "certificate in %s is not for that name",
		             name, config->certificate.file);
}

/* One that is to be made is so by the daemon, which does it before; who only checks a configuration makes none. */
static int load_certificate(const struct config *config, struct tls_server *force, struct now now,
                            struct diag *diag, struct tls_server **out)
{
	const struct config_certificate *certificate = &config->certificate;
	const struct config_pos *pos = &certificate->pos;
	char error[DIAG_TEXT_MAX];
	const struct tls_files files = {certificate->file, certificate->key, certificate->clients,
	                                certificate->clients_required};
	if (!certificate->wanted || (certificate->made && access(certificate->key, R_OK)))
		return PF_OK;
	int result = tls_server_load(&files, force, out, error, sizeof error);
	if (result != PF_OK)
		diag_error(diag, config->file, pos->line, pos->column, "listen.certificate: %s", error);
	else if (tls_server_expires_s(*out) < now.wall_us / 1000000)
		diag_warning(diag, config->file, pos->line, pos->column,
		             "the certificate in %s has expired: clients will not take it",
		             certificate->file);
	return result;
}

int snapshot_build_of(struct config **config, uint32_t epoch, struct now now, struct diag *diag,
                      struct snapshot **out)
{
	const struct lists_keep nothing = {NULL, NULL, now.wall_us};
	return snapshot_build_kept(config, epoch, now, &nothing, NULL, diag, out);
}

int snapshot_build_kept(struct config **config, uint32_t epoch, struct now now,
                        const struct lists_keep *keep, const struct snapshot *force,
                        struct diag *diag, struct snapshot **out)
{
	*out = NULL;
	struct snapshot *built = calloc(1, sizeof *built);
	if (!built) {
		config_free(config);
		return PF_ENOMEM;
	}
	built->epoch = epoch;
	built->built_wall_us = now.wall_us;
	built->config = *config;
	*config = NULL;
	built->primaries = primaries_new(built->config);
	int parts[] = {
		built->primaries ? PF_OK : PF_ENOMEM,
		refuse_loops(built->config, diag),
		local_build(built->config, diag, &built->local),
		registry_build(built->config, &built->registry),
		policy_compile(built->config, diag, &built->policy),
		load_certificate(built->config, force ? force->tls : NULL, now, diag, &built->tls),
		/* Lists last: what the others need only for a moment is not there beside two indexes. */
		geo_load_kept(built->config, force ? force->geo : NULL, now, epoch, diag, &built->geo),
		lists_load_kept(built->config, keep, diag, &built->lists),
	};
	int error = PF_OK;
	for (size_t i = 0; i < PF_COUNT(parts) && error == PF_OK; i++)
		error = parts[i];
	if (error != PF_OK) {
		snapshot_free(&built);
		return error;
	}
	built->designates = designated_name(built->config, built->tls, &built->designated);
	warn_of_discovery(built->config, built->tls, diag);
	warn_of_empty_lists(built->config, built->lists, diag);
	*out = built;
	return PF_OK;
}

int snapshot_build(const char *config_path, uint32_t epoch, struct now now, struct diag *diag,
                   struct snapshot **out)
{
	struct config *config = NULL;
	*out = NULL;
	int error = config_load(config_path, diag, &config);
	return error == PF_OK ? snapshot_build_of(&config, epoch, now, diag, out) : error;
}
