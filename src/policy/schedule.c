/* The schedules of schedule.h. */
#include "policy/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The zone's place in the table, or an error. */
static int take_zone(const struct config_during *during, struct schedule_zones *zones,
                     const char *file, struct diag *diag)
{
	const char *name = during->zone ? during->zone : "";
	for (size_t i = 0; i < zones->count; i++)
		if (!strcmp(zones->names[i], name))
			return (int)i;
	struct config_pos pos = during->pos;
	if (zones->count == SCHEDULE_ZONES_MAX) {
		diag_error(diag, file, pos.line, pos.column,
		           "`%s` is one time zone too many: there can be %d different ones", name,
		           SCHEDULE_ZONES_MAX);
		return PF_EINVAL;
	}
	int error = zone_load(during->zone, &zones->zones[zones->count]);
	if (error == PF_ENOMEM)
		return error;
	if (error != PF_OK) {
		diag_error(diag, file, pos.line, pos.column, "the time zone %s can not be read",
		           *name ? name : "of the system (/etc/localtime)");
		return PF_EINVAL;
	}
	snprintf(zones->names[zones->count], ZONE_NAME_MAX, "%s", name);
	return (int)zones->count++;
}

int schedule_new(const struct config_during *during, struct schedule_zones *zones, const char *file,
                 struct diag *diag, struct schedule **out)
{
	*out = NULL;
	int zone = take_zone(during, zones, file, diag);
	if (zone < 0)
		return zone;
	struct schedule *schedule = calloc(1, sizeof *schedule);
	if (!schedule)
		return PF_ENOMEM;
	schedule->zone = zones->zones[zone];
	schedule->zone_name = zones->names[zone];
	memcpy(schedule->text, during->text, sizeof schedule->text);
	memcpy(schedule->week, during->week, sizeof schedule->week);
	*out = schedule;
	return PF_OK;
}

void schedule_zones_deinit(struct schedule_zones *zones)
{
	for (size_t i = 0; i < zones->count; i++)
		zone_free(&zones->zones[i]);
	zones->count = 0;
}

void schedule_time_text(const struct schedule *schedule, int64_t wall_us,
                        char text[SCHEDULE_TIME_MAX])
{
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	unsigned minute = zone_week_minute(schedule->zone, wall_us / 1000000);
	snprintf(text, SCHEDULE_TIME_MAX, "%s %02u:%02u %s%s", days[minute / 1440 % 7],
	         minute / 60 % 24, minute % 60, *schedule->zone_name ? "in " : "",
	         *schedule->zone_name ? schedule->zone_name : "here");
}
