/* The reader of secret.h. */
#include "config/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SECRET_FILE_MAX 1024

const char *config_rpz_key(const struct config_rpz *rpz, struct tsig_key *key)
{
	char text[SECRET_FILE_MAX];
	int fd = open(rpz->secret_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return strerror(errno);
	ssize_t length = read(fd, text, sizeof text);
	close(fd);
	if (length < 0)
		return strerror(errno);
	key->name = rpz->key_name;
	key->algorithm = rpz->algorithm;
	int error =
		length < (ssize_t)sizeof text ? tsig_secret_parse(text, (size_t)length, key) : PF_EFULL;
	explicit_bzero(text, sizeof text);
	return error == PF_OK      ? NULL
	       : error == PF_EFULL ? "it is longer than any secret"
	                           : "it is not base64";
}
