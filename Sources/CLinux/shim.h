// Linux system calls that Swift's Glibc module does not show.
#ifndef COUNTERSIGN_CLINUX_H
#define COUNTERSIGN_CLINUX_H

#include <elf.h>
#include <malloc.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

// <sys/socket.h> declares it only under _GNU_SOURCE, with which types would differ from those of Swift's Glibc module.
int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);

// As above, from <pthread.h>.
int pthread_setname_np(pthread_t thread, const char *name);

// As above, from <spawn.h> (glibc 2.34): a child keeps nothing from this descriptor on.
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// `epoll_event` is packed and holds a union; both stay on this side.
static inline int countersign_epoll_control(int epoll, int operation, int file, uint32_t events, uint64_t datum) {
    struct epoll_event event = {.events = events, .data = {.u64 = datum}};
    return epoll_ctl(epoll, operation, file, &event);
}

static inline uint32_t countersign_epoll_events(const struct epoll_event *event) {
    return event->events;
}

static inline uint64_t countersign_epoll_datum(const struct epoll_event *event) {
    return event->data.u64;
}

// Where the linker puts the header of the executable.
extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

// Lets go of the pages of code that have been read so far. They are clean (code is never written to here, nor by the
// loader: segments with write permission, where relocations are, are left alone), and what is needed again is mapped
// again from the page cache.
static inline void countersign_release_code(void) {
    const char *base = (const char *)&__ehdr_start;
    const Elf64_Phdr *segments = (const Elf64_Phdr *)(base + __ehdr_start.e_phoff);
    for (int i = 0; i < __ehdr_start.e_phnum; i++) {
        if (segments[i].p_type != PT_LOAD || (segments[i].p_flags & (PF_X | PF_W)) != PF_X) { continue; }
        unsigned long page = 4095, begin = (unsigned long)base + segments[i].p_vaddr, end = begin + segments[i].p_memsz;
        begin = (begin + page) & ~page;
        end &= ~page;
        if (begin < end) { madvise((void *)begin, end - begin, MADV_DONTNEED); }
    }
}

#endif
