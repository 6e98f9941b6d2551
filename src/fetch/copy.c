/* Files of copy.h. */
#include "fetch/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_BYTES_MAX 16384 /* what is read of a state file */

/* ---- what is known of it ----------------------------------------------------------------- */

static void state_path(const char *path, char out[PATH_MAX])
{
	if (snprintf(out, PATH_MAX, "%s.state", path) >= PATH_MAX)
		*out = '\0';
}

static void take_text(const json_t *root, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(root, key));
	if (text && strlen(text) < size)
		strcpy(out, text);
}

static int64_t take_number(const json_t *root, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(root, key));
	return number > 0 ? number : 0;
}

static void take(const json_t *root, struct copy_state *state)
{
	take_text(root, "etag", state->etag, sizeof state->etag);
	take_text(root, "last_modified", state->last_modified, sizeof state->last_modified);
	state->fetched_wall_us = take_number(root, "fetched_us");
	state->checked_wall_us = take_number(root, "checked_us");
	state->bytes = (uint64_t)take_number(root, "bytes");
	state->names = (uint64_t)take_number(root, "names");
	state->has_serial = json_is_integer(json_object_get(root, "serial"));
	state->expired = json_is_true(json_object_get(root, "expired"));
	state->serial = (uint32_t)take_number(root, "serial");
	state->refresh_s = (uint32_t)take_number(root, "refresh_s");
	state->retry_s = (uint32_t)take_number(root, "retry_s");
	state->expire_s = (uint32_t)take_number(root, "expire_s");
}

void copy_load(const char *path, struct copy_state *state)
{
	char name[PATH_MAX], text[STATE_BYTES_MAX];
	struct stat stat_copy;
	*state = (struct copy_state){0};
	state_path(path, name);
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0)
		return;
	ssize_t length = read(fd, text, sizeof text);
	close(fd);
	json_t *root = length > 0 ? json_loadb(text, (size_t)length, 0, NULL) : NULL;
	if (root)
		take(root, state);
	json_decref(root);
	if (state->expired)
		return;
	/* A copy that was taken away, or put there by somebody else, is not what the server's ETag is of. */
	if (stat(path, &stat_copy) || (uint64_t)stat_copy.st_size != state->bytes)
		*state = (struct copy_state){0};
}

int copy_save(const char *path, const struct copy_state *state)
{
	char name[PATH_MAX];
	state_path(path, name);
	json_t *root = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:b}", "etag", state->etag,
	                         "last_modified", state->last_modified, "fetched_us",
	                         (json_int_t)state->fetched_wall_us, "checked_us",
	                         (json_int_t)state->checked_wall_us, "bytes", (json_int_t)state->bytes,
	                         "names", (json_int_t)state->names, "expired", state->expired);
	if (root && state->has_serial)
		(void)!json_object_update_new(root, json_pack("{s:I, s:I, s:I, s:I}", "serial",
		                                              (json_int_t)state->serial, "refresh_s",
		                                              (json_int_t)state->refresh_s, "retry_s",
		                                              (json_int_t)state->retry_s, "expire_s",
		                                              (json_int_t)state->expire_s));
	char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	json_decref(root);
	int error = text ? replace_file(name, text, strlen(text)) : PF_ENOMEM;
	free(text);
	return error;
}

int copy_make_folder(const char *path)
{
	char folder[PATH_MAX];
	size_t length = strlen(path);
	if (length >= sizeof folder)
		return PF_EIO;
	strcpy(folder, path);
	char *slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return PF_OK;
	*slash = '\0';
	return mkdir(folder, 0750) && errno != EEXIST ? PF_EIO : PF_OK;
}
