/* All sources together: loading, their labels and their age. The judgement is in judge.c. */
#include "geo/geo.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "geo/credit.h"
#include "geo/label.h"
#include "geo/state.h"

#define WARN_DAYS 45
#define DAY_US (86400LL * 1000000)

/* ---- loading ----------------------------------------------------------------------------- */

struct loading {
	struct geo *geo;
	const struct config *config;
	struct now now;
	struct diag *diag;
};

static void warn_of_age(struct loading *loading, const struct geo_source *source)
{
	int64_t age_us = loading->now.wall_us - source->built_wall_us;
	bool over = !strcmp(source->kind, "location") && age_us > loading->config->geo.max_age_us;
	if (age_us < -DAY_US)
		diag_warning(
			loading->diag, NULL, 0, 0,
			"the database %s (%s) was built %lld days from now: this machine's clock is wrong, or "
			"the file's",
			source->label, source->path, (long long)(-age_us / DAY_US));
	if (over || age_us >= WARN_DAYS * DAY_US)
		diag_warning(
			loading->diag, NULL, 0, 0,
			"the database %s (%s) is %lld days old%s; contrib/fetch-geoip or its publisher "
			"may have a newer one",
			source->label, source->path, (long long)(age_us / DAY_US),
			over ? ", more than geo.max-age: no answer gets confidence high" : "");
}

static int add_source(struct loading *loading, const struct config_path *path, const char *kind,
                      const char *type, int64_t built_us, size_t entries)
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
	label_make(copy, built_us, source->label);
	credit_find(copy, type, source->credit);
	geo->source_count++;
	return PF_OK;
}

static int64_t modified_us(const char *path)
{
	struct stat info;
	return stat(path, &info) ? 0 : (int64_t)info.st_mtim.tv_sec * 1000000;
}

/* The same database twice would agree with itself. Two publishers may call theirs by the same type, but do not build
 * them in the same second. */
static bool is_same_database(const struct location *a, const struct location *b)
{
	return location_built_us(a) == location_built_us(b) &&
	       !strcmp(location_type(a), location_type(b));
}

/* Gives the newest location database its voice: its own, or that of the one before it from the same publisher. */
static void give_voice(struct loading *loading)
{
	struct geo *geo = loading->geo;
	size_t last = geo->location_count - 1;
	geo->voices[last] = (uint8_t)last;
	for (size_t i = 0; i < last; i++) {
		if (!label_same_publisher(location_type(geo->locations[i]), geo->sources[i].label,
		                          location_type(geo->locations[last]), geo->sources[last].label))
			continue;
		geo->voices[last] = geo->voices[i];
		diag_warning(
			loading->diag, NULL, 0, 0,
			"the databases %s and %s come from the same publisher: they count as one opinion, "
			"which gives confidence medium",
			geo->sources[i].path, geo->sources[last].path);
		return;
	}
}

static int load_location(struct loading *loading, const struct config_path *path)
{
	struct geo *geo = loading->geo;
	const struct config *config = loading->config;
	struct location *location;
	if (geo->location_count == GEO_SOURCE_MAX) {
		diag_error(loading->diag, config->file, path->pos.line, path->pos.column,
		           "more than %d location databases: take %s out", GEO_SOURCE_MAX, path->path);
		return PF_EINVAL;
	}
	int error = location_open(path, config->file, loading->diag, &location);
	if (error != PF_OK)
		return error;
	for (size_t i = 0; i < geo->location_count; i++) {
		if (!is_same_database(geo->locations[i], location))
			continue;
		diag_error(loading->diag, config->file, path->pos.line, path->pos.column,
		           "%s is the same database as %s: a second opinion must come from somebody else",
		           path->path, geo->sources[i].path);
		location_close(&location);
		return PF_EINVAL;
	}
	geo->locations[geo->location_count++] = location;
	error = add_source(loading, path, "location", location_type(location),
	                   location_built_us(location), 0);
	if (error == PF_OK)
		give_voice(loading);
	return error;
}

static int load_control(struct loading *loading, const struct config_path *path)
{
	struct control_file read;
	int error =
		control_read(loading->geo->control, path, loading->config->file, loading->diag, &read);
	if (error != PF_OK)
		return error;
	int64_t built_us = read.built_us ? read.built_us : modified_us(path->path);
	return add_source(loading, path, "control", NULL, built_us, read.count);
}

static int load_anycast(struct loading *loading, const struct config_path *path)
{
	size_t count;
	int error =
		anycast_read(loading->geo->anycast, path, loading->config->file, loading->diag, &count);
	return error == PF_OK
	           ? add_source(loading, path, "anycast", NULL, modified_us(path->path), count)
	           : error;
}

/* The list that comes with the program. */
static int load_published(struct loading *loading)
{
	char name[] = "anycast-published.txt";
	const struct config_path path = {{0, 0}, name};
	size_t count;
	if (!loading->config->geo.anycast_published)
		return PF_OK;
	int error = anycast_read_published(loading->geo->anycast, &count);
	return error == PF_OK
	           ? add_source(loading, &path, "anycast", NULL, anycast_published_us(), count)
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

static void set_home(struct home *home, tag_set tag, const struct country *codes, size_t count)
{
	*home = (struct home){.given = count > 0, .tag = tag};
	for (size_t i = 0; i < count; i++) {
		unsigned number = country_number(codes[i]);
		home->countries[number / 64] |= UINT64_C(1) << number % 64;
	}
}

static int prepare(struct loading *loading, uint32_t epoch)
{
	struct geo *geo = loading->geo;
	const struct config *config = loading->config;
	geo->epoch = epoch;
	geo->max_age_us = config->geo.max_age_us;
	geo->control = control_new();
	geo->anycast = anycast_new();
	if (!geo->control || !geo->anycast)
		return PF_ENOMEM;
	set_home(&geo->homes[geo->home_count++], tag_bit(TAG_ALL), config->home, config->home_count);
	for (size_t i = 0; i < config->tag_home_count; i++)
		set_home(&geo->homes[geo->home_count++], tag_bit(config->tag_homes[i].tag),
		         config->tag_homes[i].codes, config->tag_homes[i].count);
	return PF_OK;
}

/* What needs all files. */
static int finish(struct geo *geo)
{
	int error = anycast_finish(geo->anycast);
	if (error != PF_OK)
		return error;
	return control_finish(geo->control, geo->location_count ? geo->locations[0] : NULL);
}

/* All files, each even when another one failed. */
static int load_all(struct loading *loading)
{
	const struct config_geo *files = &loading->config->geo;
	/* Locations first: their sources have the same numbers. */
	int results[] = {
		load_each(loading, files->location, files->location_count, load_location),
		load_each(loading, files->control, files->control_count, load_control),
		load_each(loading, files->anycast, files->anycast_count, load_anycast),
		load_published(loading),
	};
	for (size_t i = 0; i < PF_COUNT(results); i++)
		if (results[i] != PF_OK)
			return results[i] == PF_ENOMEM ? PF_ENOMEM : PF_EINVAL;
	return finish(loading->geo);
}

/* ---- what is the same as before ---------------------------------------------------------- */

static void note_files(struct geo *geo, const struct config_path *paths, size_t count)
{
	for (size_t i = 0; i < count && geo->file_count < SOURCES_MAX; i++) {
		struct stat info;
		struct geo_file *file = &geo->files[geo->file_count++];
		*file = (struct geo_file){0};
		if (stat(paths[i].path, &info))
			continue;
		*file = (struct geo_file){
			.device = info.st_dev,
			.inode = info.st_ino,
			.bytes = (uint64_t)info.st_size,
			.modified_ns = info.st_mtim.tv_sec * INT64_C(1000000000) + info.st_mtim.tv_nsec,
			.changed_ns = info.st_ctim.tv_sec * INT64_C(1000000000) + info.st_ctim.tv_nsec,
		};
	}
}

/* Before anything is read, so that what changes meanwhile is seen as a change the next time. */
static void note_all_files(struct geo *geo, const struct config_geo *files)
{
	note_files(geo, files->location, files->location_count);
	note_files(geo, files->control, files->control_count);
	note_files(geo, files->anycast, files->anycast_count);
	geo->published = files->anycast_published;
}

/* Sources stand in the order of the configuration; one that was not loaded would have been an error. */
static bool same_paths(const struct geo *geo, const struct config_geo *files)
{
	const struct config_path *paths[] = {files->location, files->control, files->anycast};
	const size_t counts[] = {files->location_count, files->control_count, files->anycast_count};
	size_t source = 0;
	for (size_t kind = 0; kind < PF_COUNT(paths); kind++)
		for (size_t i = 0; i < counts[kind]; i++, source++)
			if (source >= geo->source_count ||
			    strcmp(geo->sources[source].path, paths[kind][i].path) != 0)
				return false;
	return source + geo->published == geo->source_count;
}

static bool same_homes(const struct geo *a, const struct geo *b)
{
	if (a->home_count != b->home_count)
		return false;
	for (size_t i = 0; i < a->home_count; i++)
		if (a->homes[i].given != b->homes[i].given || a->homes[i].tag != b->homes[i].tag ||
		    memcmp(a->homes[i].countries, b->homes[i].countries, sizeof a->homes[i].countries) != 0)
			return false;
	return true;
}

static bool is_same(const struct geo *old, const struct geo *wanted, const struct config *config)
{
	return old->max_age_us == wanted->max_age_us && same_homes(old, wanted) &&
	       old->published == wanted->published && old->file_count == wanted->file_count &&
	       !memcmp(old->files, wanted->files, wanted->file_count * sizeof *wanted->files) &&
	       same_paths(old, &config->geo);
}

static int remember_findings(struct geo *geo, const struct diag *diag, size_t from)
{
	struct geo_finding **next = &geo->findings;
	for (size_t i = from; i < diag->count; i++) {
		char text[DIAG_TEXT_MAX];
		struct geo_finding *finding = calloc(1, sizeof *finding);
		if (!finding)
			return PF_ENOMEM;
		*next = finding;
		next = &finding->next;
		diag_format_bare(&diag->entries[i], text, sizeof text);
		finding->text = strdup(text);
		if (!finding->text)
			return PF_ENOMEM;
	}
	return PF_OK;
}

static void warn_of_ages(struct loading *loading)
{
	for (size_t i = 0; i < loading->geo->source_count; i++)
		if (strcmp(loading->geo->sources[i].kind, "anycast") != 0)
			warn_of_age(loading, &loading->geo->sources[i]);
}

static struct geo *share(struct loading *loading, const struct geo *previous)
{
	struct geo *geo = (struct geo *)previous;
	__atomic_add_fetch(&geo->references, 1, __ATOMIC_RELAXED);
	for (const struct geo_finding *finding = geo->findings; finding; finding = finding->next)
		diag_warning(loading->diag, NULL, 0, 0, "%s", finding->text);
	loading->geo = geo;
	warn_of_ages(loading);
	return geo;
}

int geo_load_kept(const struct config *config, const struct geo *previous, struct now now,
                  uint32_t epoch, struct diag *diag, struct geo **out)
{
	*out = calloc(1, sizeof **out);
	if (!*out)
		return PF_ENOMEM;
	(*out)->references = 1;
	struct loading loading = {*out, config, now, diag};
	size_t from = diag->count;
	note_all_files(*out, &config->geo);
	int error = prepare(&loading, epoch);
	if (error == PF_OK && previous && is_same(previous, *out, config)) {
		geo_free(out);
		*out = share(&loading, previous);
		return PF_OK;
	}
	if (error == PF_OK)
		error = load_all(&loading);
	if (error == PF_OK)
		error = remember_findings(*out, diag, from);
	if (error == PF_OK)
		warn_of_ages(&loading);
	else
		geo_free(out);
	return error;
}

int geo_load(const struct config *config, struct now now, uint32_t epoch, struct diag *diag,
             struct geo **out)
{
	return geo_load_kept(config, NULL, now, epoch, diag, out);
}

static void free_findings(struct geo_finding *finding)
{
	while (finding) {
		struct geo_finding *next = finding->next;
		free(finding->text);
		free(finding);
		finding = next;
	}
}

void geo_free(struct geo **geo)
{
	struct geo *old = *geo;
	*geo = NULL;
	if (!old || __atomic_sub_fetch(&old->references, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < old->location_count; i++)
		location_close(&old->locations[i]);
	for (size_t i = 0; i < old->source_count; i++)
		free((char *)old->sources[i].path);
	control_free(&old->control);
	anycast_free(&old->anycast);
	free_findings(old->findings);
	free(old);
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

void geo_source_of_day(const struct geo *geo, size_t index, struct geo_source *source,
                       char built[CLOCK_TEXT_MAX])
{
	geo_source(geo, index, source);
	clock_format(source->built_wall_us, built);
	built[10] = '\0'; /* without the time */
}

const char *geo_location_label(const struct geo *geo, size_t index)
{
	return geo->sources[index].label;
}

size_t geo_location_count(const struct geo *geo)
{
	return geo->location_count;
}

size_t geo_home_count(const struct geo *geo)
{
	return geo->home_count;
}

size_t geo_home_of(const struct geo *geo, tag_set tags)
{
	for (size_t i = 1; i < geo->home_count; i++)
		if (geo->homes[i].tag & tags)
			return i;
	return 0;
}
