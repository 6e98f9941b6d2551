/* Events on their way to those who are told of them, and what the API tells of these. */
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

static void raise_to_all(void *data, const struct event *event)
{
	struct daemon *daemon = data;
	struct event_outlet told = notify_outlet(daemon->notify);
	struct event_outlet watched = admin_live_outlet(daemon->live);
	event_raise(&told, event);
	event_raise(&watched, event);
}

struct event_outlet daemon_outlet(struct daemon *daemon)
{
	return (struct event_outlet){raise_to_all, daemon};
}
