/* Errors that cross a room's border: 0 is success, the rest is negative.
 * A function that can fail says in its header which of these it returns;
 * whoever calls it must look (PF_MUST_CHECK). */
#ifndef PF_BASE_ERROR_H
#define PF_BASE_ERROR_H

enum pf_error {
	PF_OK = 0,
	PF_ENOMEM = -1,    /* no memory */
	PF_EINVAL = -2,    /* the input is malformed */
	PF_EFULL = -3,     /* a documented maximum is reached */
	PF_ENOENT = -4,    /* there is no such thing */
	PF_EIO = -5,       /* the operating system refused; errno says why */
	PF_ETIMEOUT = -6,  /* the time given has passed */
	PF_ECONFLICT = -7, /* it exists already, or contradicts what exists */
};

#define PF_MUST_CHECK __attribute__((warn_unused_result))
#define PF_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define PF_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A short English phrase for an error, for the end of a sentence. */
const char *pf_strerror(int error);

#endif
