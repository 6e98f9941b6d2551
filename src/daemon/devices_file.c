/* What is remembered of devices over a restart: STATE/devices.json. Ids, times, host names, the tags that people gave, and what was told already. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/replace.h"
#include "daemon/devices_state.h"

#define FILE_VERSION 1
#define FILE_BYTES_MAX (256u << 20) /* 65,536 devices with all they can have */

static void path_of(const struct devices *devices, const char *suffix, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/devices.json%s", devices->daemon->state_folder, suffix);
}

/* ---- reading ----------------------------------------------------------------------------- */

static int64_t integer(json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

static void load_tags(struct devices *devices, size_t row, json_t *tags)
{
	size_t i;
	json_t *tag;
	json_array_foreach(tags, i, tag)
	{
		const char *name = json_string_value(json_object_get(tag, "name"));
		if (name && book_tag(devices->book, row, name, integer(tag, "set_us")) == PF_ENOMEM)
			return;
	}
}

static void load_heard(struct devices *devices, size_t row, json_t *heard)
{
	size_t i;
	json_t *asks;
	json_array_foreach(heard, i, asks)
	{
		if (json_is_string(asks))
			book_remember_heard(devices->book, row, json_string_value(asks));
	}
}

static bool load_device(struct devices *devices, json_t *object)
{
	struct book_memory memory = {0};
	const char *id = json_string_value(json_object_get(object, "id"));
	const char *host = json_string_value(json_object_get(object, "host"));
	const char *name = json_string_value(json_object_get(object, "name"));
	size_t row;
	if (!id || strlen(id) >= sizeof memory.id || (host && strlen(host) >= sizeof memory.host))
		return false;
	strcpy(memory.id, id);
	strcpy(memory.host, host ? host : "");
	memory.first_wall_us = integer(object, "first_us");
	memory.last_wall_us = integer(object, "last_us");
	memory.new_until_wall_us = integer(object, "new_until_us");
	memory.asked_wall_us = integer(object, "asked_us");
	memory.quiet_from_wall_us = integer(object, "quiet_from_us");
	memory.silent_told_wall_us = integer(object, "silent_told_us");
	memory.host_is_reverse = json_is_true(json_object_get(object, "host_is_reverse"));
	memory.announced = json_is_true(json_object_get(object, "announced"));
	if (book_remember(devices->book, &memory, &row) != PF_OK)
		return false;
	load_tags(devices, row, json_object_get(object, "tags"));
	if (name && book_give_name(devices->book, row, name, memory.first_wall_us) != PF_OK)
		log_info("the name \"%s\" that was given to %s is not used: the configuration or another "
		         "device has it",
		         name, id);
	load_heard(devices, row, json_object_get(object, "heard"));
	return true;
}

static void load_all(struct devices *devices, json_t *root, const char *path)
{
	size_t i, bad = 0;
	json_t *object;
	pthread_mutex_lock(&devices->lock);
	json_array_foreach(json_object_get(root, "devices"), i, object) bad +=
		!load_device(devices, object);
	/* Nobody could be heard while there was no daemon. */
	int64_t saved_us = integer(root, "saved_us"), now_us = clock_now().wall_us;
	if (saved_us > 0 && saved_us < now_us)
		book_deaf(devices->book, now_us - saved_us);
	pthread_mutex_unlock(&devices->lock);
	if (bad)
		log_warning("%zu devices of %s could not be taken over.", bad, path);
}

void devices_load(struct devices *devices)
{
	char path[PATH_MAX], aside[PATH_MAX];
	json_error_t error;
	struct stat status;
	path_of(devices, "", path);
	path_of(devices, ".damaged", aside);
	if (stat(path, &status) && errno == ENOENT) {
		/* The first look at this network: who is here already is not new. */
		pthread_mutex_lock(&devices->lock);
		book_learn(devices->book, true);
		pthread_mutex_unlock(&devices->lock);
		return;
	}
	json_t *root = status.st_size <= FILE_BYTES_MAX ? json_load_file(path, 0, &error) : NULL;
	if (root && integer(root, "version") == FILE_VERSION &&
	    json_is_array(json_object_get(root, "devices"))) {
		load_all(devices, root, path);
	} else {
		bool moved = !rename(path, aside);
		log_warning("%s can not be used (%s); tags that were given while the daemon ran and times "
		            "of devices are forgotten%s%s.",
		            path, root ? "it is of another version" : error.text,
		            moved ? ", the file is now " : "", moved ? aside : "");
	}
	json_decref(root);
}

/* ---- writing ----------------------------------------------------------------------------- */

static json_t *tags_json(const struct book_view *view)
{
	json_t *list = json_array();
	for (size_t i = 0; i < view->tag_count; i++)
		json_array_append_new(list, json_pack("{s:s, s:I}", "name", view->tags[i].name, "set_us",
		                                      (json_int_t)view->tags[i].set_wall_us));
	return list;
}

/* The names of `asks` that it was heard to ask often enough: what such a rule gives outlives a restart too. */
static json_t *heard_json(const struct devices *devices, size_t row)
{
	json_t *list = json_array();
	for (size_t i = 0; i < CONFIG_TAG_RULES_MAX; i++) {
		const char *asks = book_heard(devices->book, row, i);
		if (asks)
			json_array_append_new(list, json_string(asks));
	}
	return list;
}

static json_t *device_json(const struct devices *devices, size_t row, const struct book_view *view)
{
	return json_pack("{s:s, s:s*, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o, s:o}", "id",
	                 view->device->id, "name", view->given ? view->device->name : NULL, "host",
	                 view->host, "host_is_reverse", view->host_is_reverse, "first_us",
	                 (json_int_t)view->first_wall_us, "last_us", (json_int_t)view->last_wall_us,
	                 "new_until_us", (json_int_t)view->new_until_wall_us, "asked_us",
	                 (json_int_t)view->asked_wall_us, "quiet_from_us",
	                 (json_int_t)view->quiet_from_wall_us, "silent_told_us",
	                 (json_int_t)view->silent_told_wall_us, "announced", view->announced, "tags",
	                 tags_json(view), "heard", heard_json(devices, row));
}

static json_t *all_json(struct devices *devices)
{
	json_t *list = json_array();
	for (size_t i = 0; i < book_rows(devices->book); i++) {
		struct book_view view;
		if (book_view(devices->book, i, &view))
			json_array_append_new(list, device_json(devices, i, &view));
	}
	return json_pack("{s:i, s:I, s:o}", "version", FILE_VERSION, "saved_us",
	                 (json_int_t)clock_now().wall_us, "devices", list);
}

static int write_piece(const char *bytes, size_t length, void *data)
{
	return replace_write(data, bytes, length) == PF_OK ? 0 : -1;
}

/* 0 or an errno. */
static int replace_with(const char *path, json_t *root)
{
	struct replacement file;
	errno = 0;
	if (replace_begin(&file, path, REPLACE_MODE, FILE_BYTES_MAX) != PF_OK)
		return errno;
	if (!json_dump_callback(root, write_piece, &file, JSON_COMPACT) &&
	    replace_commit(&file, REPLACE_SYNCED) == PF_OK)
		return 0;
	replace_abort(&file);
	return errno ? errno : EFBIG;
}

int devices_save(struct devices *devices, char error[500])
{
	char path[PATH_MAX];
	struct now begun = clock_now();
	path_of(devices, "", path);
	json_t *root = all_json(devices);
	int fault = root ? replace_with(path, root) : ENOMEM;
	json_decref(root);
	if (fault)
		snprintf(error, 500,
		         "Devices can not be remembered in %.200s: %s; give this user the right to write "
		         "there, or name another folder with `state`.",
		         path, strerror(fault));
	devices->saved = clock_now();
	devices->save_took_us = devices->saved.mono_us - begun.mono_us;
	devices->save_failed = fault;
	devices->unsaved = fault;
	return fault ? PF_EIO : PF_OK;
}
