/* SPDX-License-Identifier: ISC */
/*
 * mirror SOURCE MOUNTPOINT: a FUSE file system that shows the files of a
 * directory, until it is killed. It says of them what libfuse's usual file
 * systems say: numbers of its own, which readdir does not name; and it gives out
 * a page of names a call.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define NODES_MAX 1000
#define FIRST_NUMBER 1000000
#define UNKNOWN_NUMBER 0xffffffff
#define REQUEST_BYTES (FUSE_MIN_READ_BUFFER + 65536)

/* The first is the directory. What was looked up stays open. */
static struct node {
	int fd;
	ino_t ino;
} nodes[NODES_MAX];
static size_t nodes_n;

static int device;

static void
reply(const struct fuse_in_header *in, int error, void *p, size_t len)
{
	struct fuse_out_header out = {
	    .len = (uint32_t)(sizeof out + len),
	    .error = -error,
	    .unique = in->unique,
	};
	struct iovec iov[2] = {{&out, sizeof out}, {p, len}};

	if (writev(device, iov, 2) < 0 && errno != ENOENT) /* interrupted */
		perror("mirror: reply");
}

static struct fuse_attr
attributes(const struct node *node)
{
	struct stat st = {0};

	(void)fstat(node->fd, &st);
	return (struct fuse_attr){
	    .ino = FIRST_NUMBER + (uint64_t)(node - nodes),
	    .size = (uint64_t)st.st_size,
	    .mtime = (uint64_t)st.st_mtim.tv_sec,
	    .mtimensec = (uint32_t)st.st_mtim.tv_nsec,
	    .mode = st.st_mode,
	    .nlink = 1,
	    .blksize = 4096,
	};
}

static struct node *
node_of(const char *name)
{
	int fd = openat(nodes[0].fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return NULL;
	for (size_t i = 0; fstat(fd, &st) == 0 && i < nodes_n; i++)
		if (nodes[i].ino == st.st_ino) {
			close(fd);
			return &nodes[i];
		}
	if (nodes_n == NODES_MAX) {
		errno = ENFILE;
		return NULL;
	}
	nodes[nodes_n] = (struct node){fd, st.st_ino};
	return &nodes[nodes_n++];
}

static void
look_up(const struct fuse_in_header *in, const char *name)
{
	struct node *node = node_of(name);
	struct fuse_entry_out out = {0};

	if (node == NULL) {
		reply(in, errno, NULL, 0);
		return;
	}
	out.nodeid = (uint64_t)(node - nodes) + 1;
	out.attr = attributes(node);
	reply(in, 0, &out, sizeof out);
}

static void
open_file(const struct fuse_in_header *in, const struct node *node)
{
	struct fuse_open_out out = {.open_flags = FOPEN_DIRECT_IO};
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/self/fd/%d", node->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	out.fh = (uint64_t)fd;
	reply(in, fd < 0 ? errno : 0, &out, fd < 0 ? 0 : sizeof out);
}

/* As with NFS, a file that somebody has deleted cannot be read any more. */
static bool
is_stale(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

static void
read_file(const struct fuse_in_header *in, const struct fuse_read_in *what)
{
	static char text[REQUEST_BYTES];
	ssize_t n = pread((int)what->fh, text,
	    what->size < sizeof text ? what->size : sizeof text,
	    (off_t)what->offset);

	if (is_stale((int)what->fh)) {
		n = -1;
		errno = ESTALE;
	}
	reply(in, n < 0 ? errno : 0, text, n < 0 ? 0 : (size_t)n);
}

/* The names from the offset on, as many as there is room for. */
static void
read_names(const struct fuse_in_header *in, const struct fuse_read_in *what)
{
	static char text[REQUEST_BYTES];
	DIR *dir = fdopendir(openat(nodes[0].fd, ".", O_RDONLY | O_CLOEXEC));
	struct dirent *e;
	size_t len = 0;

	for (uint64_t i = 1; dir != NULL && (e = readdir(dir)) != NULL; i++) {
		struct fuse_dirent *to = (void *)(text + len);
		size_t name_len = strlen(e->d_name);

		if (i <= what->offset)
			continue;
		if (len + FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + name_len) >
		    (what->size < 4096 ? what->size : 4096))
			break;
		*to = (struct fuse_dirent){.ino = UNKNOWN_NUMBER,
		    .off = i,
		    .namelen = (uint32_t)name_len,
		    .type = e->d_type};
		memcpy(to->name, e->d_name, name_len);
		len += FUSE_DIRENT_SIZE(to);
	}
	if (dir != NULL)
		closedir(dir);
	reply(in, dir == NULL ? errno : 0, text, dir == NULL ? 0 : len);
}

static void
start(const struct fuse_in_header *in)
{
	struct fuse_init_out out = {
	    .major = FUSE_KERNEL_VERSION,
	    .minor = FUSE_KERNEL_MINOR_VERSION,
	    .max_write = 4096,
	};

	reply(in, 0, &out, sizeof out);
}

static void
answer(const struct fuse_in_header *in)
{
	/* FUSE_INIT and some others have none: 0 */
	const struct node *node = &nodes[in->nodeid > 0 ? in->nodeid - 1 : 0];
	struct fuse_open_out opened = {0};
	struct fuse_attr_out attr = {0};
	const void *more = in + 1;

	switch (in->opcode) {
	case FUSE_INIT:
		start(in);
		break;
	case FUSE_LOOKUP:
		look_up(in, more);
		break;
	case FUSE_GETATTR:
		attr.attr = attributes(node);
		reply(in, 0, &attr, sizeof attr);
		break;
	case FUSE_OPEN:
		open_file(in, node);
		break;
	case FUSE_READ:
		read_file(in, more);
		break;
	case FUSE_OPENDIR:
		reply(in, 0, &opened, sizeof opened);
		break;
	case FUSE_READDIR:
		read_names(in, more);
		break;
	case FUSE_RELEASE:
		close((int)((const struct fuse_release_in *)more)->fh);
		reply(in, 0, NULL, 0);
		break;
	case FUSE_RELEASEDIR:
		reply(in, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(in, ENOSYS, NULL, 0);
	}
}

int
main(int argc, char **argv)
{
	static char request[REQUEST_BYTES];
	char options[128];
	struct stat st;

	if (argc != 3)
		return 100;
	device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	nodes[0].fd = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (device < 0) {
		perror("mirror: /dev/fuse");
		return 111;
	}
	if (nodes[0].fd < 0 || fstat(nodes[0].fd, &st) != 0) {
		perror("mirror");
		return 111;
	}
	nodes[nodes_n++].ino = st.st_ino;
	snprintf(options, sizeof options,
	    "fd=%d,rootmode=40000,user_id=%u,group_id=%u,allow_other", device,
	    (unsigned)getuid(), (unsigned)getgid());
	if (mount("mirror", argv[2], "fuse", MS_NOSUID | MS_NODEV, options) !=
	    0) {
		perror("mirror: mount");
		return 111;
	}
	for (;;) {
		ssize_t n = read(device, request, sizeof request);

		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			answer((void *)request);
		else if (n < 0 && errno != EINTR && errno != ENOENT)
			return 0; /* it is no longer mounted */
	}
}
