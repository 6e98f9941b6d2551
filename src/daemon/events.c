/* What the API tells of those who are told of events. */
#include "daemon/state.h"

static void add_target(void *data, const struct notify_status *status)
{
	json_array_append_new(data,
	                      json_pack("{s:s, s:I, s:I, s:I, s:I, s:s}", "target", status->name,
	                                "delivered", (json_int_t)status->delivered, "failed",
	                                (json_int_t)status->failed, "dropped",
	                                (json_int_t)status->dropped, "waiting",
	                                (json_int_t)status->waiting, "last_error", status->error));
}

json_t *api_notify(const struct daemon *daemon)
{
	uint64_t dropped = 0;
	json_t *targets = json_array();
	if (daemon->notify)
		notify_each(daemon->notify, add_target, targets, &dropped);
	return json_pack("{s:o, s:I}", "targets", targets, "dropped", (json_int_t)dropped);
}
