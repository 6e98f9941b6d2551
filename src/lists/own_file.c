/* The files of own_file.h. */
#include "lists/own_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

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

void own_file_checksum(const void *bytes, size_t length, size_t sum_at, uint64_t seed,
                       uint64_t sum[2])
{
	static const uint64_t none[2];
	struct hash_stream *stream = hash_stream_new((struct hash_key){seed});
	size_t behind = sum_at + sizeof none;
	sum[0] = sum[1] = 0;
	if (!stream)
		return;
	hash_stream_add(stream, bytes, sum_at);
	hash_stream_add(stream, none, sizeof none);
	hash_stream_add(stream, (const char *)bytes + behind, length - behind);
	hash_stream_digest(stream, sum);
	hash_stream_free(&stream);
}
