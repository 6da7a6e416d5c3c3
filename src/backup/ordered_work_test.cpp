#include "backup/ordered_work.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

namespace osbackup::backup {
namespace {

using Squares = OrderedWork<int, int>;

/// Squares the numbers below `count` on four threads.
std::vector<int> squares(Squares& work, int count) {
  std::vector<std::jthread> threads;
  threads.emplace_back([&work, count] {
    for (int i = 0; i < count && work.push(i); ++i) {
    }
    work.close();
  });
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&work] {
      while (Squares::Slot* slot = work.next()) work.complete(slot, slot->work * slot->work);
    });
  std::vector<int> results;
  while (const std::optional<int> result = work.take()) results.push_back(*result);
  return results;
}

TEST(OrderedWork, GivesResultsInTheOrderOfTheWork) {
  constexpr int kCount = 10'000;
  Squares work(7);
  std::vector<int> expected(kCount);
  std::iota(expected.begin(), expected.end(), 0);
  for (int& value : expected) value *= value;

  EXPECT_EQ(squares(work, kCount), expected);
}

TEST(OrderedWork, NoWorkHasNoResults) {
  Squares work(1);

  EXPECT_TRUE(squares(work, 0).empty());
}

TEST(OrderedWork, NoMoreThanTheWindowIsInFlight) {
  Squares work(3);
  std::atomic<int> pushed = 0;
  std::jthread producer([&] {
    for (int i = 0; i < 10; ++i) {
      work.push(i);
      ++pushed;
    }
    work.close();
  });
  const std::array slots{work.next(), work.next(), work.next()};
  // The fourth can only be pushed once the first was taken.
  EXPECT_LE(pushed, 3);
  for (Squares::Slot* slot : slots) work.complete(slot, slot->work);

  int taken = 0;
  while (taken < 3 && work.take()) ++taken;
  while (Squares::Slot* slot = work.next()) {
    work.complete(slot, slot->work);
    work.take();
    ++taken;
  }

  EXPECT_EQ(taken, 10);
}

TEST(OrderedWork, AFailureReachesTheThreadThatTakesAndEndsTheOthers) {
  Squares work(2);
  std::jthread producer([&] {
    for (int i = 0; work.push(i); ++i) {
    }
  });
  std::jthread worker([&] {
    while (Squares::Slot* slot = work.next()) {
      if (slot->work == 5)
        work.fail(std::make_exception_ptr(std::runtime_error("five")));
      else
        work.complete(slot, slot->work);
    }
  });

  EXPECT_THROW(while (work.take()){}, std::runtime_error);
}

TEST(OrderedWork, AResultInPartsLeavesInOrderWithTheOthers) {
  constexpr int kCount = 300;
  constexpr int kParts = 5;
  Squares work(4);
  std::vector<std::jthread> threads;
  threads.emplace_back([&work] {
    for (int i = 0; i < kCount && work.push(i); ++i) {
    }
    work.close();
  });
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&work] {
      while (Squares::Slot* slot = work.next()) {
        // Every third result has parts.
        for (int part = 1; slot->work % 3 == 0 && part < kParts; ++part) EXPECT_TRUE(work.emit(slot, slot->work));
        work.complete(slot, slot->work);
      }
    });

  std::vector<int> expected;
  for (int i = 0; i < kCount; ++i) expected.insert(expected.end(), i % 3 == 0 ? kParts : 1, i);
  std::vector<int> taken;
  while (const std::optional<int> result = work.take()) taken.push_back(*result);

  EXPECT_EQ(taken, expected);
}

TEST(OrderedWork, AFailureEndsAlsoWhoWaitsToGiveAPart) {
  Squares work(2);
  work.push(1);
  work.push(2);
  work.next();
  Squares::Slot* const second = work.next();
  std::jthread failing([&] { work.fail(std::make_exception_ptr(std::runtime_error("the disk is full"))); });

  // The first is never completed.
  EXPECT_FALSE(work.emit(second, 2));
}

TEST(OrderedWork, TheFirstFailureCounts) {
  Squares work(1);
  work.fail(std::make_exception_ptr(std::runtime_error("first")));
  work.fail(std::make_exception_ptr(std::logic_error("second")));

  EXPECT_THROW(work.take(), std::runtime_error);
}

}  // namespace
}  // namespace osbackup::backup
