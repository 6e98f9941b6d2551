/* When in the week a rule acts: minutes of the local week in a zone. On the packet path this is a look into two
 * tables, made when the rules were compiled. */
#ifndef PF_POLICY_SCHEDULE_H
#define PF_POLICY_SCHEDULE_H

#include "base/zone.h"
#include "config/config.h"

#define SCHEDULE_ZONES_MAX 64 /* different zones in one configuration */

/* The zones of all rules, each once. */
struct schedule_zones {
	size_t count;
	char names[SCHEDULE_ZONES_MAX][ZONE_NAME_MAX]; /* "" is the system's */
	struct zone *zones[SCHEDULE_ZONES_MAX];
};

struct schedule {
	struct zone *zone;          /* of the zones' table */
	const char *zone_name;      /* of the zones' table */
	char text[DURING_TEXT_MAX]; /* as written */
	uint8_t week[DURING_BYTES]; /* bit n: the minute n of the week, from Monday 00:00 */
};

/* PF_OK and `*out` owned by the caller, to be freed with free(); PF_EINVAL (told in `diag`); PF_ENOMEM. */
PF_MUST_CHECK int schedule_new(const struct config_during *during, struct schedule_zones *zones,
                               const char *file, struct diag *diag, struct schedule **out);
void schedule_zones_deinit(struct schedule_zones *zones);

static inline bool schedule_holds(const struct schedule *schedule, int64_t wall_us)
{
	unsigned minute = zone_week_minute(schedule->zone, wall_us / 1000000);
	return schedule->week[minute / 8] >> minute % 8 & 1;
}

#define SCHEDULE_TIME_MAX 96
/* "Wed 18:23 in Europe/Berlin" */
void schedule_time_text(const struct schedule *schedule, int64_t wall_us,
                        char text[SCHEDULE_TIME_MAX]);

#endif
