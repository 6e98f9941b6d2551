/* Builds a snapshot from the configuration, one stage after the other; a stage is still tried when an
 * earlier one failed, so that all errors are told at once. */
#include "pipeline/snapshot.h"

#include <stdlib.h>

void snapshot_free(struct snapshot **snapshot)
{
	struct snapshot *old = *snapshot;
	if (!old)
		return;
	policy_free(&old->policy);
	lists_free(&old->lists);
	geo_free(&old->geo);
	registry_free(&old->registry);
	config_free(&old->config);
	free(old);
	*snapshot = NULL;
}

int snapshot_build(const char *config_path, uint32_t epoch, struct now now, struct diag *diag,
                   struct snapshot **out)
{
	*out = NULL;
	struct snapshot *built = calloc(1, sizeof *built);
	if (!built)
		return PF_ENOMEM;
	built->epoch = epoch;
	built->built_wall_us = now.wall_us;
	int error = config_load(config_path, diag, &built->config);
	if (error == PF_OK) {
		int parts[] = {
			registry_build(built->config, &built->registry),
			lists_load(built->config, diag, &built->lists),
			policy_compile(built->config, diag, &built->policy),
			geo_load(built->config, now, epoch, diag, &built->geo),
		};
		for (size_t i = 0; i < PF_COUNT(parts) && error == PF_OK; i++)
			error = parts[i];
	}
	if (error != PF_OK) {
		snapshot_free(&built);
		return error;
	}
	*out = built;
	return PF_OK;
}
