module.exports = { testEnvironment: "./ports-environment.cjs" };
