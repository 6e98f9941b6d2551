/* The looks and the comparison of source.h. */
#include "lists/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lists/lists.h"

#define PIECE_BYTES 65536

static int64_t ns_of(struct timespec time)
{
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void take_looks(struct list_source *source, const struct stat *stat)
{
	source->inode = stat->st_ino;
	source->size = (uint64_t)stat->st_size;
	source->modified_ns = ns_of(stat->st_mtim);
	source->changed_ns = ns_of(stat->st_ctim);
}

static bool looks_same(const struct list_source *source, const struct stat *stat)
{
	struct list_source now;
	take_looks(&now, stat);
	return now.inode == source->inode && now.size == source->size &&
	       now.modified_ns == source->modified_ns && now.changed_ns == source->changed_ns;
}

/* Reads the file to its end, at most to the size that it had. */
static bool take_digest(int fd, uint64_t size, struct hash_key key, uint64_t digest[2])
{
	struct hash_stream *stream = hash_stream_new(key);
	char piece[PIECE_BYTES];
	ssize_t got = -1;
	while (stream && size && (got = read(fd, piece, sizeof piece)) != 0) {
		if (got < 0 && errno != EINTR)
			break;
		if (got <= 0)
			continue;
		hash_stream_add(stream, piece, (size_t)got);
		size -= (uint64_t)got < size ? (uint64_t)got : size;
	}
	if (stream)
		hash_stream_digest(stream, digest);
	bool whole = stream && !size;
	hash_stream_free(&stream);
	return whole;
}

/* Not a FIFO, for which it would wait. -1 with errno. */
static int open_source(const char *path, struct stat *stat)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -1;
	if (!fstat(fd, stat) && S_ISREG(stat->st_mode) &&
	    (uint64_t)stat->st_size <= LIST_FILE_BYTES_MAX)
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

void list_source_take(struct list_source *source, const char *path, struct hash_key key,
                      int64_t now_wall_us)
{
	struct stat stat;
	*source = (struct list_source){.known = false};
	int fd = open_source(path, &stat);
	if (fd < 0) {
		source->known = source->absent = errno == ENOENT;
		return;
	}
	take_looks(source, &stat);
	int64_t youngest_ns =
		source->modified_ns > source->changed_ns ? source->modified_ns : source->changed_ns;
	source->steady = youngest_ns / 1000 + LIST_SOURCE_YOUNG_US < now_wall_us;
	source->known = take_digest(fd, source->size, key, source->digest);
	close(fd);
}

void list_source_settle(struct list_source *source, const char *path)
{
	struct stat now;
	bool there = !stat(path, &now);
	if (source->absent ? there : !there || !looks_same(source, &now))
		source->known = false;
}

bool list_source_is_same(const struct list_source *source, const char *path, struct hash_key key)
{
	struct stat stat;
	uint64_t digest[2];
	if (!source->known)
		return false;
	int fd = open_source(path, &stat);
	if (fd < 0)
		return source->absent && errno == ENOENT;
	bool same = !source->absent && (uint64_t)stat.st_size == source->size;
	if (same && !(source->steady && looks_same(source, &stat)))
		same = take_digest(fd, source->size, key, digest) &&
		       !memcmp(digest, source->digest, sizeof digest);
	close(fd);
	return same;
}
