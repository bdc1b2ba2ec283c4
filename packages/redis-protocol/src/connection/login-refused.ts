// AUTH was refused, in whatever words.

export class LoginRefused extends Error {
  override readonly name = "LoginRefused";
}
