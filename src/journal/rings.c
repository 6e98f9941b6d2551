/* The file of rings.h. */
#define _GNU_SOURCE /* getrandom's flags, posix_fallocate */
#include "journal/rings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/flat.h"

#define HEADER_BYTES 4096
#define BOOT_ID_BYTES 36 /* of /proc/sys/kernel/random/boot_id, a UUID as text */

static const char magic[8] = "PFRINGS";

struct rings_header {
	char magic[8];
	uint32_t format; /* FLAT_FORMAT of the program that wrote it */
	uint32_t count;
	uint64_t size;
	uint64_t generation;
	char boot[BOOT_ID_BYTES];
	char unused[4];
};
_Static_assert(sizeof(struct rings_header) <= HEADER_BYTES, "the header has a page");

/* All zeros when it can not be read: two such are never taken for the same boot. */
static void read_boot_id(char boot[BOOT_ID_BYTES])
{
	memset(boot, 0, BOOT_ID_BYTES);
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read(fd, boot, BOOT_ID_BYTES) != BOOT_ID_BYTES)
		memset(boot, 0, BOOT_ID_BYTES);
	close(fd);
}

static size_t file_bytes(size_t count, size_t size)
{
	return HEADER_BYTES + count * ring_bytes(size);
}

static int make_array(struct rings *rings, size_t count)
{
	*rings = (struct rings){.fd = -1};
	rings->rings = aligned_alloc(RING_LINE_BYTES, (count ? count : 1) * sizeof *rings->rings);
	return rings->rings ? PF_OK : PF_ENOMEM;
}

int rings_init(struct rings *rings, size_t count, size_t size)
{
	int result = make_array(rings, count);
	while (result == PF_OK && rings->count < count) {
		result = ring_init(&rings->rings[rings->count], size);
		rings->count += result == PF_OK;
	}
	if (result != PF_OK)
		rings_deinit(rings);
	return result;
}

static void attach_all(struct rings *rings, size_t count, size_t size)
{
	uint8_t *at = (uint8_t *)rings->map + HEADER_BYTES;
	for (size_t i = 0; i < count; i++)
		ring_attach(&rings->rings[i], (struct ring_shared *)(at + i * ring_bytes(size)), size);
	rings->count = count;
}

static int map_file(struct rings *rings, int fd, size_t bytes)
{
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return errno == ENOMEM ? PF_ENOMEM : PF_EIO;
	rings->map = map;
	rings->map_bytes = bytes;
	return PF_OK;
}

static int open_locked(const char *path, int flags)
{
	int fd = open(path, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int rings_create(struct rings *rings, const char *path, size_t count, size_t size)
{
	size_t bytes = file_bytes(count, size);
	int result = make_array(rings, count);
	if (result != PF_OK)
		return result;
	rings->fd = open_locked(path, O_CREAT);
	/* To nothing first: what is taken anew is zero. */
	int error = rings->fd < 0 || ftruncate(rings->fd, 0) ? errno : 0;
	if (!error)
		error = posix_fallocate(rings->fd, 0, (off_t)bytes);
	if (error) {
		if (rings->fd >= 0)
			(void)!ftruncate(rings->fd, 0);
		rings_deinit(rings);
		errno = error;
		return PF_EIO;
	}
	result = map_file(rings, rings->fd, bytes);
	if (result != PF_OK) {
		rings_deinit(rings);
		return result;
	}
	while (!rings->generation)
		if (getrandom(&rings->generation, sizeof rings->generation, 0) < 0)
			rings->generation = (uint64_t)getpid(); /* differs from the last one's, which is all */
	struct rings_header *header = rings->map;
	*header = (struct rings_header){.format = FLAT_FORMAT,
	                                .count = (uint32_t)count,
	                                .size = size,
	                                .generation = rings->generation};
	read_boot_id(header->boot);
	attach_all(rings, count, size);
	memcpy(header->magic, magic,
	       sizeof magic); /* last: from now on it can be read by the next one */
	return PF_OK;
}

static bool header_sound(const struct rings_header *header, uint64_t bytes)
{
	char boot[BOOT_ID_BYTES];
	read_boot_id(boot);
	return !memcmp(header->magic, magic, sizeof magic) && header->format == FLAT_FORMAT &&
	       header->count >= 1 && header->count <= RINGS_COUNT_MAX &&
	       header->size >= RING_LINE_BYTES && header->size <= RINGS_SIZE_MAX &&
	       !(header->size & (header->size - 1)) &&
	       bytes == file_bytes(header->count, header->size) && header->generation && boot[0] &&
	       !memcmp(header->boot, boot, sizeof boot);
}

int rings_open(struct rings *rings, const char *path)
{
	struct rings_header header;
	struct stat status;
	*rings = (struct rings){.fd = open_locked(path, 0)};
	if (rings->fd < 0)
		return errno == ENOENT ? PF_ENOENT : PF_EIO;
	int result = PF_ENOENT;
	if (fstat(rings->fd, &status) || !S_ISREG(status.st_mode) ||
	    pread(rings->fd, &header, sizeof header, 0) != (ssize_t)sizeof header ||
	    !header_sound(&header, (uint64_t)status.st_size))
		goto out;
	int fd = rings->fd;
	result = make_array(rings, header.count);
	rings->fd = fd;
	if (result == PF_OK)
		result = map_file(rings, fd, (size_t)status.st_size);
	if (result != PF_OK)
		goto out;
	rings->generation = header.generation;
	attach_all(rings, header.count, header.size);
	for (size_t i = 0; i < rings->count; i++)
		(void)ring_mend(&rings->rings[i]);
out:
	if (result != PF_OK)
		rings_deinit(rings);
	return result;
}

bool rings_empty(const struct rings *rings)
{
	for (size_t i = 0; i < rings->count; i++)
		if (ring_used(&rings->rings[i]))
			return false;
	return true;
}

void rings_deinit(struct rings *rings)
{
	for (size_t i = 0; i < rings->count; i++)
		ring_deinit(&rings->rings[i]);
	free(rings->rings);
	if (rings->map)
		munmap(rings->map, rings->map_bytes);
	if (rings->fd >= 0)
		close(rings->fd);
	*rings = (struct rings){.fd = -1};
}
