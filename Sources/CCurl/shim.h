// libcurl's header, and `static inline` functions for its variadic calls, which Swift cannot make.
#ifndef COUNTERSIGN_CCURL_H
#define COUNTERSIGN_CCURL_H

#include <curl/curl.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

// One function for each kind of argument that an option can take; each option's kind is in curl_easy_setopt(3).

static inline CURLcode countersign_easy_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode countersign_easy_set_large(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode countersign_easy_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode countersign_easy_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode countersign_easy_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

// libcurl copies the bytes.
static inline CURLcode countersign_easy_set_blob(CURL *easy, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, &blob);
}

// CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION.
typedef size_t (*countersign_data_function)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode countersign_easy_set_function(CURL *easy, CURLoption option, countersign_data_function value) {
    return curl_easy_setopt(easy, option, value);
}

// CURLOPT_SOCKOPTFUNCTION.
typedef int (*countersign_socket_function)(void *context, curl_socket_t socket, curlsocktype purpose);

static inline CURLcode countersign_easy_set_socket_function(
    CURL *easy, CURLoption option, countersign_socket_function value) {
    return curl_easy_setopt(easy, option, value);
}

// CURLOPT_CLOSESOCKETFUNCTION.
typedef int (*countersign_close_function)(void *context, curl_socket_t socket);

static inline CURLcode countersign_easy_set_close_function(
    CURL *easy, CURLoption option, countersign_close_function value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode countersign_easy_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

// The string belongs to the handle.
static inline CURLcode countersign_easy_get_string(CURL *easy, CURLINFO info, char **value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLMcode countersign_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

// `data` is a union of C; only CURLMSG_DONE has a result.
static inline CURLcode countersign_message_result(const CURLMsg *message) {
    return message->data.result;
}

// An anonymous file in memory, closed on exec (MFD_CLOEXEC is 1): how a CA bundle that we put together gets a path.
static inline int countersign_memory_file(const char *name) {
    return (int)syscall(SYS_memfd_create, name, 1U);
}

#endif
