/* The files of own_file.h. */
#include "base/own_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/replace.h"

int own_file_fail(char why[OWN_FILE_WHY_MAX], int error, const char *text)
{
	snprintf(why, OWN_FILE_WHY_MAX, "%s", text);
	return error;
}

static const char *stat_fault(const struct stat *stat, size_t least)
{
	if (!S_ISREG(stat->st_mode))
		return "is no regular file";
	if (stat->st_uid != geteuid())
		return "belongs to somebody else";
	if (stat->st_mode & 077)
		return "may be read or written by others";
	return (size_t)stat->st_size < least ? "is damaged: it is too short" : NULL;
}

int own_file_map(struct own_file *file, const char *path, size_t least, char why[OWN_FILE_WHY_MAX])
{
	struct stat stat;
	*file = (struct own_file){NULL, 0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? PF_ENOENT : own_file_fail(why, PF_EINVAL, strerror(errno));
	const char *fault = fstat(fd, &stat) ? strerror(errno) : stat_fault(&stat, least);
	void *bytes = MAP_FAILED;
	if (!fault) {
		file->length = (size_t)stat.st_size;
		bytes = mmap(NULL, file->length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	}
	close(fd);
	if (fault)
		return own_file_fail(why, PF_EINVAL, fault);
	if (bytes == MAP_FAILED)
		return PF_ENOMEM;
	file->bytes = bytes;
	return PF_OK;
}

void own_file_unmap(struct own_file *file)
{
	if (file->bytes)
		munmap(file->bytes, file->length);
	file->bytes = NULL;
}

/* ---- what it says of itself ---------------------------------------------------------------- */

#define BYTE_ORDER_MARK 0x01020304u

static void fill_constants(struct own_header *header, const struct own_kind *kind)
{
	memcpy(header->magic, kind->magic, sizeof header->magic);
	header->version = kind->version;
	header->byte_order = BYTE_ORDER_MARK;
	build_id(header->build);
}

/* False without memory. */
static bool take_checksum(const void *header, const struct own_kind *kind,
                          const struct own_piece *rest, size_t rest_count, uint64_t sum[2])
{
	static const uint64_t none[2];
	const size_t sum_at = offsetof(struct own_header, checksum), behind = sum_at + sizeof none;
	struct hash_stream *stream = hash_stream_new((struct hash_key){kind->version});
	if (!stream)
		return false;
	hash_stream_add(stream, header, sum_at);
	hash_stream_add(stream, none, sizeof none);
	hash_stream_add(stream, (const char *)header + behind, kind->header_bytes - behind);
	for (size_t i = 0; i < rest_count; i++)
		hash_stream_add(stream, rest[i].bytes, rest[i].length);
	hash_stream_digest(stream, sum);
	hash_stream_free(&stream);
	return true;
}

/* Fills the beginning of `to` for a file of this header and rest; false without memory. */
static bool stamp(void *to, const struct own_kind *kind, const struct own_piece *rest,
                  size_t rest_count)
{
	struct own_header header;
	memcpy(&header, to, sizeof header);
	fill_constants(&header, kind);
	memcpy(to, &header, sizeof header);
	if (!take_checksum(to, kind, rest, rest_count, header.checksum))
		return false;
	memcpy(to, &header, sizeof header);
	return true;
}

/* What stands behind the header of a whole file. */
static struct own_piece rest_of(const void *bytes, size_t length, const struct own_kind *kind)
{
	return (struct own_piece){(const char *)bytes + kind->header_bytes,
	                          length - kind->header_bytes};
}

void own_file_stamp(void *bytes, size_t length, const struct own_kind *kind)
{
	const struct own_piece rest = rest_of(bytes, length, kind);
	(void)stamp(bytes, kind, &rest, 1);
}

int own_file_check(const void *bytes, size_t length, const struct own_kind *kind,
                   char why[OWN_FILE_WHY_MAX])
{
	struct own_header header, right;
	uint64_t sum[2];
	if (length < kind->header_bytes)
		return own_file_fail(why, PF_EINVAL, "is damaged: it is too short");
	memcpy(&header, bytes, sizeof header);
	fill_constants(&right, kind);
	if (memcmp(header.magic, right.magic, sizeof right.magic) != 0)
		return own_file_fail(why, PF_EINVAL, "is something else");
	if (header.version != right.version || header.byte_order != right.byte_order ||
	    memcmp(header.build, right.build, sizeof right.build) != 0)
		return own_file_fail(why, PF_EINVAL, "is of another version of portafilter");
	const struct own_piece rest = rest_of(bytes, length, kind);
	if (!take_checksum(bytes, kind, &rest, 1, sum) || memcmp(sum, header.checksum, sizeof sum) != 0)
		return own_file_fail(why, PF_EINVAL, "is damaged: its checksum is wrong");
	return PF_OK;
}

int own_file_write(const char *path, const struct own_kind *kind, void *header,
                   const struct own_piece *rest, size_t rest_count, char why[OWN_FILE_WHY_MAX])
{
	struct replacement file;
	if (!stamp(header, kind, rest, rest_count))
		return PF_ENOMEM;
	int error = replace_begin(&file, path, 0600, UINT64_MAX);
	if (error == PF_OK)
		error = replace_write(&file, header, kind->header_bytes);
	for (size_t i = 0; i < rest_count && error == PF_OK; i++)
		error = replace_write(&file, rest[i].bytes, rest[i].length);
	if (error == PF_OK)
		error = replace_commit(&file, REPLACE_UNSYNCED);
	if (error == PF_OK)
		return PF_OK;
	replace_abort(&file);
	return own_file_fail(why, PF_EIO, strerror(errno));
}
