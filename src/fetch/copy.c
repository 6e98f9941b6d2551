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

#define COMPARE_BYTES 65536
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
	struct copy_writer writer;
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
	int error = text ? copy_begin(&writer, name, STATE_BYTES_MAX) : PF_ENOMEM;
	if (error == PF_OK) {
		error = copy_write(&writer, text, strlen(text));
		if (error == PF_OK)
			error = copy_commit(&writer);
		copy_abort(&writer);
	}
	free(text);
	return error;
}

/* ---- the copy ---------------------------------------------------------------------------- */

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

int copy_begin(struct copy_writer *writer, const char *path, uint64_t bytes_max)
{
	writer->fd = -1;
	writer->bytes = 0;
	writer->bytes_max = bytes_max;
	if (snprintf(writer->path, sizeof writer->path, "%s", path) >= PATH_MAX ||
	    snprintf(writer->aside, sizeof writer->aside, "%s.new", path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return PF_EIO;
	}
	/* Left over from a daemon that was killed. */
	unlink(writer->aside);
	writer->fd = open(writer->aside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	return writer->fd < 0 ? PF_EIO : PF_OK;
}

int copy_write(struct copy_writer *writer, const void *bytes, size_t length)
{
	const char *at = bytes;
	if (length > writer->bytes_max - writer->bytes)
		return PF_EFULL;
	while (length) {
		ssize_t wrote = write(writer->fd, at, length);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return PF_EIO;
		at += wrote;
		length -= (size_t)wrote;
		writer->bytes += (uint64_t)wrote;
	}
	return PF_OK;
}

static bool same_content(int a, int b)
{
	char *bytes = malloc(2 * COMPARE_BYTES);
	bool same = bytes;
	ssize_t got = 1;
	for (off_t at = 0; same && got > 0; at += got) {
		got = pread(a, bytes, COMPARE_BYTES, at);
		same = got >= 0 && pread(b, bytes + COMPARE_BYTES, COMPARE_BYTES, at) == got &&
		       !memcmp(bytes, bytes + COMPARE_BYTES, (size_t)got);
	}
	free(bytes);
	return same;
}

bool copy_is_same(const struct copy_writer *writer)
{
	struct stat old;
	int fd = open(writer->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	bool same = !fstat(fd, &old) && S_ISREG(old.st_mode) &&
	            (uint64_t)old.st_size == writer->bytes && same_content(writer->fd, fd);
	close(fd);
	return same;
}

int copy_commit(struct copy_writer *writer)
{
	bool good = !fsync(writer->fd) && !rename(writer->aside, writer->path);
	int reason = errno;
	copy_abort(writer);
	errno = reason;
	return good ? PF_OK : PF_EIO;
}

void copy_abort(struct copy_writer *writer)
{
	if (writer->fd < 0)
		return;
	close(writer->fd);
	writer->fd = -1;
	unlink(writer->aside); /* after a rename there is nothing by that name */
}
