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
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
    -fno-strict-overflow -ftrivial-auto-var-init=zero)
  add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,text)
  include(CheckPIESupported) # position-independent whatever the compiler's default is
  check_pie_supported(LANGUAGES C CXX)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  # Every function that may be jumped to says so. The program carries the mark of the shadow stack
  # only: Debian's start-up code, which becomes a part of it, is not built for the other half (IBT).
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    target_compile_options(house_style INTERFACE -fcf-protection=full)
    add_link_options(-Wl,-z,shstk)
  elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
    target_compile_options(house_style INTERFACE -mbranch-protection=standard)
  endif()
  # A failed assertion names its file as the repository does.
  add_compile_options(-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
endif()

# A bug of ours ends the program where it is noticed, before it writes where it must not: assertions
# stay in what is shipped. What they cost is within the noise (see docs/architecture.md).
foreach(kind RELEASE RELWITHDEBINFO MINSIZEREL)
  string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${kind} "${CMAKE_C_FLAGS_${kind}}")
endforeach()
