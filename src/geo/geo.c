/* All sources together: loading, their labels and their age. The judgement is in judge.c. */
#include "geo/geo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "geo/state.h"

#define WARN_DAYS 45
#define DAY_US (86400LL * 1000000)

/* ---- labels ------------------------------------------------------------------------------ */

/* "dbip-country.mmdb" is "dbip", "geo-whois-asn-country.mmdb" is "geo-whois", "GeoLite2-City.mmdb" is
 * "GeoLite2": the file's name without what says only which kind of file it is. */
static void short_name(const char *path, char *name, size_t size)
{
	static const char *const endings[] = {".mmdb",     ".csv",  ".txt",  "-country",
	                                      "-city",     "-asn",  "-ipv4", "-ipv6",
	                                      "-prefixes", "-lite", "-num"};
	const char *slash = strrchr(path, '/');
	snprintf(name, size, "%s", slash ? slash + 1 : path);
	for (bool cut = true; cut;) {
		cut = false;
		for (size_t i = 0; i < PF_COUNT(endings); i++) {
			size_t length = strlen(name), ending = strlen(endings[i]);
			if (length <= ending || strcasecmp(name + length - ending, endings[i]))
				continue;
			name[length - ending] = '\0';
			cut = true;
		}
	}
}

static void label(const char *path, int64_t built_us, char out[GEO_LABEL_MAX])
{
	char name[GEO_LABEL_MAX - 8], month[8];
	time_t built = (time_t)(built_us / 1000000);
	struct tm utc;
	short_name(path, name, sizeof name);
	gmtime_r(&built, &utc);
	strftime(month, sizeof month, "%Y-%m", &utc);
	snprintf(out, GEO_LABEL_MAX, "%s %s", name, month);
}

/* ---- loading ----------------------------------------------------------------------------- */

struct loading {
	struct geo *geo;
	const struct config *config;
	struct now now;
	struct diag *diag;
};

static int add_source(struct loading *loading, const struct config_path *path, const char *kind,
                      int64_t built_us, size_t entries)
{
	struct geo *geo = loading->geo;
	struct geo_source *source = &geo->sources[geo->source_count];
	char *copy = strdup(path->path);
	if (!copy)
		return PF_ENOMEM;
	*source = (struct geo_source){.path = copy,
	                              .kind = kind,
	                              .built_wall_us = built_us,
	                              .entries = entries};
	label(copy, built_us, source->label);
	geo->source_count++;
	int64_t days = (loading->now.wall_us - built_us) / DAY_US;
	bool over = loading->now.wall_us - built_us > loading->config->geo.max_age_us;
	if (days >= WARN_DAYS && strcmp(kind, "anycast"))
		diag_warning(
			loading->diag, NULL, 0, 0,
			"the database %s (%s) is %lld days old%s; contrib/fetch-geoip or its publisher "
			"may have a newer one",
			source->label, copy, (long long)days,
			over ? ", more than geo.max-age: no answer gets confidence high" : "");
	return PF_OK;
}

static int64_t modified_us(const char *path)
{
	struct stat info;
	return stat(path, &info) ? 0 : (int64_t)info.st_mtim.tv_sec * 1000000;
}

/* The same database twice would agree with itself. */
static const struct location *same_database(const struct geo *geo, const struct location *location,
                                            size_t *which)
{
	for (size_t i = 0; i < geo->location_count; i++) {
		*which = i;
		if (location_built_us(geo->locations[i]) == location_built_us(location) &&
		    !strcmp(location_type(geo->locations[i]), location_type(location)) &&
		    location_node_count(geo->locations[i]) == location_node_count(location))
			return geo->locations[i];
	}
	return NULL;
}

static int load_location(struct loading *loading, const struct config_path *path)
{
	struct geo *geo = loading->geo;
	size_t which;
	if (geo->location_count == GEO_SOURCE_MAX) {
		diag_error(loading->diag, loading->config->file, path->pos.line, path->pos.column,
		           "more than %d location databases: take %s out", GEO_SOURCE_MAX, path->path);
		return PF_EINVAL;
	}
	struct location *location = location_open(path, loading->config->file, loading->diag);
	if (!location)
		return PF_EINVAL;
	if (same_database(geo, location, &which)) {
		diag_error(loading->diag, loading->config->file, path->pos.line, path->pos.column,
		           "%s is the same database as %s: a second opinion must come from somebody else",
		           path->path, geo->sources[which].path);
		location_close(&location);
		return PF_EINVAL;
	}
	geo->locations[geo->location_count++] = location;
	return add_source(loading, path, "location", location_built_us(location), 0);
}

static int load_control(struct loading *loading, const struct config_path *path)
{
	size_t count;
	int error =
		control_read(loading->geo->control, path, loading->config->file, loading->diag, &count);
	return error == PF_OK ? add_source(loading, path, "control", modified_us(path->path), count)
	                      : error;
}

static int load_anycast(struct loading *loading, const struct config_path *path)
{
	size_t count;
	int error =
		anycast_read(loading->geo->anycast, path, loading->config->file, loading->diag, &count);
	return error == PF_OK ? add_source(loading, path, "anycast", modified_us(path->path), count)
	                      : error;
}

/* Loads each file even when an earlier one failed, so that all errors are told. */
static int load_each(struct loading *loading, const struct config_path *paths, size_t count,
                     int (*load)(struct loading *, const struct config_path *))
{
	int result = PF_OK;
	for (size_t i = 0; i < count; i++) {
		int error = loading->geo->source_count < SOURCES_MAX ? load(loading, &paths[i]) : PF_EFULL;
		if (error == PF_EFULL)
			diag_error(loading->diag, loading->config->file, paths[i].pos.line, paths[i].pos.column,
			           "more than %d files under `geo`", SOURCES_MAX);
		result = result == PF_OK ? error : result;
	}
	return result;
}

static int prepare(struct loading *loading, uint32_t epoch)
{
	struct geo *geo = loading->geo;
	const struct config *config = loading->config;
	geo->epoch = epoch;
	geo->max_age_us = config->geo.max_age_us;
	geo->control = control_new();
	geo->anycast = anycast_new();
	geo->home = calloc(config->home_count + 1, sizeof *geo->home);
	if (!geo->control || !geo->anycast || !geo->home)
		return PF_ENOMEM;
	geo->home_count = config->home_count;
	for (size_t i = 0; i < config->home_count; i++)
		geo->home[i] = config->home[i];
	return PF_OK;
}

int geo_load(const struct config *config, struct now now, uint32_t epoch, struct diag *diag,
             struct geo **out)
{
	const struct config_geo *files = &config->geo;
	*out = NULL;
	struct geo *geo = calloc(1, sizeof *geo);
	if (!geo)
		return PF_ENOMEM;
	struct loading loading = {geo, config, now, diag};
	int results[4] = {prepare(&loading, epoch)};
	if (results[0] == PF_OK) {
		/* Locations first: their sources have the same numbers. */
		results[1] = load_each(&loading, files->location, files->location_count, load_location);
		results[2] = load_each(&loading, files->control, files->control_count, load_control);
		results[3] = load_each(&loading, files->anycast, files->anycast_count, load_anycast);
	}
	for (size_t i = 0; i < PF_COUNT(results); i++) {
		if (results[i] == PF_OK)
			continue;
		geo_free(&geo);
		return results[i] == PF_ENOMEM ? PF_ENOMEM : PF_EINVAL;
	}
	control_finish(geo->control);
	anycast_finish(geo->anycast);
	if (geo->location_count)
		control_derive_countries(geo->control, geo->locations[0]);
	*out = geo;
	return PF_OK;
}

void geo_free(struct geo **geo)
{
	struct geo *old = *geo;
	if (!old)
		return;
	for (size_t i = 0; i < old->location_count; i++)
		location_close(&old->locations[i]);
	for (size_t i = 0; i < old->source_count; i++)
		free((char *)old->sources[i].path);
	control_free(&old->control);
	anycast_free(&old->anycast);
	free(old->home);
	free(old);
	*geo = NULL;
}

/* ---- what is loaded ---------------------------------------------------------------------- */

uint32_t geo_epoch(const struct geo *geo)
{
	return geo->epoch;
}

const char *geo_organisation(const struct geo *geo, uint32_t asn)
{
	return control_organisation(geo->control, asn);
}

size_t geo_source_count(const struct geo *geo)
{
	return geo->source_count;
}

void geo_source(const struct geo *geo, size_t index, struct geo_source *source)
{
	*source = geo->sources[index];
}

const char *geo_location_label(const struct geo *geo, size_t index)
{
	return geo->sources[index].label;
}

size_t geo_location_count(const struct geo *geo)
{
	return geo->location_count;
}

bool geo_has_home(const struct geo *geo)
{
	return geo->home_count > 0;
}
