# The compiler's opinion of our own code, and how a release is hardened
# (OpenSSF Compiler Options Hardening Guide for C and C++).
add_library(house_style INTERFACE)
target_compile_definitions(house_style INTERFACE _GNU_SOURCE)
target_compile_options(house_style INTERFACE
  -Wall -Wextra -Wpedantic -Wswitch-enum -Wshadow -Wmissing-prototypes -Wstrict-prototypes
  -Wconversion -Wformat=2 -Wno-missing-field-initializers -Wno-gnu-zero-variadic-macro-arguments)
if(ORIGINSCAN_WERROR)
  target_compile_options(house_style INTERFACE -Werror)
endif()
if(ORIGINSCAN_SANITIZE)
  add_compile_options(-fsanitize=${ORIGINSCAN_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ORIGINSCAN_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(house_style INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
    -fno-strict-overflow -ftrivial-auto-var-init=zero)
  add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()
