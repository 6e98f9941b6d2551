/* What was told in the last day: keyed hashes in a ring, so that an event which is raised with every query is told once. */
#include "notify/state.h"

#include <string.h>

#define TELL_AGAIN_US (INT64_C(86400) * 1000000)

static uint64_t hash_of(const struct notify *notify, const struct event *event)
{
	char key[1 + DEVICE_ID_MAX + EVENT_NAME_MAX + EVENT_STATE_MAX];
	const char *parts[] = {event->device_id, event->name, event->after};
	size_t length = 0;
	key[length++] = (char)event->kind;
	for (size_t i = 0; i < PF_COUNT(parts); i++) {
		size_t part = strlen(parts[i]) + 1; /* with its NUL: "a" "bc" is not "ab" "c" */
		memcpy(key + length, parts[i], part);
		length += part;
	}
	return hash_bytes(notify->key, key, length);
}

bool remember_told(struct notify *notify, const struct event *event)
{
	uint64_t hash = hash_of(notify, event);
	for (size_t i = 0; i < notify->told_count; i++) {
		struct told *told = &notify->told[i];
		if (told->hash != hash)
			continue;
		/* A clock that was set back must not silence it for longer than a day. */
		int64_t age_us = event->time_wall_us - told->wall_us;
		if (age_us < TELL_AGAIN_US && age_us > -TELL_AGAIN_US)
			return true;
		told->wall_us = event->time_wall_us;
		return false;
	}
	notify->told[notify->told_next] = (struct told){hash, event->time_wall_us};
	notify->told_next = (notify->told_next + 1) % NOTIFY_REMEMBERED_MAX;
	if (notify->told_count < NOTIFY_REMEMBERED_MAX)
		notify->told_count++;
	return false;
}
