/* Why a file can not be opened, in words that help: a daemon in its sandbox is refused what its user may read. */
#ifndef PF_BASE_CONFINED_H
#define PF_BASE_CONFINED_H

/* What to say of `path`, which failed with this errno: strerror's words, or that the sandbox does not know its folder. */
const char *confined_reason(int error, const char *path);

#endif
